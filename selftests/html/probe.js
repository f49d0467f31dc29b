// SPDX-License-Identifier: GPL-2.0-only
// What selftests/html/run asks of a page, said in its title.
const e = document.documentElement, svgs = [...document.querySelectorAll("svg[role=img]")];
const wide = [...document.querySelectorAll("main *")].filter(x =>
	!x.closest("svg, table") && x.getBoundingClientRect().right > innerWidth + 0.5);
const flat = svgs.filter(x => { const b = x.getBoundingClientRect();
	return !(b.width > 100 && b.height > 50); });
const out = performance.getEntriesByType("resource").length;
document.title = `width=${innerWidth} over=${Math.max(0, e.scrollWidth - innerWidth)} ` +
	`wide=${wide.length} svgs=${svgs.length} flat=${flat.length} requests=${out}`;
