/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_VM_GUEST_ACPI_EVENT_H
#define KTSTR_VM_GUEST_ACPI_EVENT_H

int acpi_event_open(void);
int acpi_event_wait(int fd, const char *class);

#endif /* KTSTR_VM_GUEST_ACPI_EVENT_H */
