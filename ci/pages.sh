#!/usr/bin/env bash
# The book's pages in a browser without a screen, 1280 and 390 pixels wide, in light and dark: nothing runs off the
# page, and every picture is there. By hand. Pictures of some pages are left in target/pages; `ci/pages.sh PAGE...`
# takes those of other pages, as `ci/pages.sh benchmarks`.
#
# Needs Chromium. As root on Debian the lane installs it; elsewhere it says that it was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

need_chromium
book
out=target/pages
rm -rf "$out"
mkdir -p "$out"

# A page that opens all others in frames of a width. Of each it tells what begins or ends beyond the window's edges
# and does not scroll by itself.
{
    echo '<!DOCTYPE html><meta charset="utf-8"><body><pre id="told"></pre><script>const pages = ['
    (cd target/book && find . -name '*.html' ! -name 404.html ! -name print.html ! -name toc.html ! -name all-pages.html | sort |
        sed 's/.*/"&",/')
    cat << 'JS'
];
const told = [];
function look(page, width) {
    return new Promise(done => {
        const frame = document.createElement('iframe');
        frame.style = `width:${width}px;height:900px;border:0`;
        frame.src = page;
        frame.onload = async () => {
            // Pictures get their size after the page is there.
            await new Promise(go => setTimeout(go, 200));
            const view = frame.contentWindow, all = frame.contentDocument, root = all.documentElement;
            const scrolls = e => e && e !== all.body && e !== root &&
                (/auto|scroll|hidden/.test(view.getComputedStyle(e).overflowX) || scrolls(e.parentElement));
            if (root.scrollWidth > view.innerWidth) {
                told.push(`${page} at ${width}: ${root.scrollWidth} wide`);
                const off = [...all.querySelectorAll('main *')]
                    .filter(e => e.getBoundingClientRect().right > view.innerWidth + 1 && !scrolls(e));
                for (const e of off.slice(0, 5)) told.push(`  ${e.tagName} ${e.textContent.slice(0, 60)}`);
            }
            // mdBook has each picture once more, to be shown large.
            for (const image of [...all.images].filter(image => image.offsetParent)) {
                if (!image.naturalWidth) told.push(`${page} at ${width}: no picture ${image.src}`);
                else if (image.getBoundingClientRect().width < 250) told.push(`${page} at ${width}: ${image.src} is too small`);
            }
            frame.remove();
            done();
        };
        document.body.append(frame);
    });
}
(async () => {
    for (const page of pages) for (const width of [1280, 390]) await look(page, width);
    document.getElementById('told').textContent = `looked at ${pages.length} pages\n` + told.join('\n');
})();
</script>
JS
} > target/book/all-pages.html

looks_well() {
    BROWSE_SECONDS=300 browse "$out" --allow-file-access-from-files --virtual-time-budget=200000 \
        --blink-settings=preferredColorScheme="$1" --dump-dom "file://$PWD/target/book/all-pages.html" > "$out/told.html"
    sed -n '/id="told"/,/<\/pre>/p' "$out/told.html"
    grep -q 'looked at [1-9][0-9]* pages' "$out/told.html" && ! grep -q ' at [0-9]*: ' "$out/told.html"
}

picture() {
    browse "$out" --allow-file-access-from-files --window-size="$3" --blink-settings=preferredColorScheme="$2" \
        --virtual-time-budget=5000 --screenshot="$PWD/$out/$1-$4.png" "file://$PWD/target/book/$1.html"
}

# Chromium's numbers: 0 is dark, 1 light.
check looks_well 1
check looks_well 0
[ $# -gt 0 ] || set -- introduction benchmarks benchmark-tables verification
for page in "$@"; do
    check picture "$page" 1 1280,2400 desk-light
    check picture "$page" 0 1280,2400 desk-dark
    check picture "$page" 1 390,2400 phone-light
    check picture "$page" 0 390,2400 phone-dark
done
finish
