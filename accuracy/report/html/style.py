"""How the page looks: light and dark, on paper and on a phone. Nothing is fetched."""

from __future__ import annotations

STYLE = """
:root {
  --paper: #ffffff; --panel: #f5f6f8; --ink: #1a1e24; --soft: #59626e; --line: #dcdfe4; --grid: #e9ebee;
  --fill: #2a6fb0; --track: #e6e9ed; --spread: #1a1e24; --loud: #8a1c00; --loudpaper: #fff0e8; --notepaper: #eef4fb;
  --s0: #0b62a8; --s1: #c2410c; --s2: #00785a; --s3: #9b2f86; --s4: #7a5c00; --s5: #0e7490; --s6: #444b54;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --panel: #1d2127; --ink: #e8eaed; --soft: #a2abb6; --line: #343a42; --grid: #272c33;
    --fill: #5aa5e6; --track: #2b3138; --spread: #e8eaed; --loud: #ffb08f; --loudpaper: #3a1d12; --notepaper: #182534;
    --s0: #6cb4ee; --s1: #ff9a66; --s2: #4fd1a5; --s3: #e79bd6; --s4: #e3b341; --s5: #67d3e0; --s6: #c9ced6;
  }
}
* { box-sizing: border-box; }
body { --ground: var(--paper); margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 44px 0 12px; padding-top: 18px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 28px 0 8px; }
h4 { font-size: 14px; margin: 14px 0 8px; }
p { margin: 8px 0; }
.lead { font-size: 17px; color: var(--soft); margin: 0 0 14px; }
.note { color: var(--soft); font-size: 13px; max-width: 78ch; }
.notice { border-left: 4px solid var(--s0); background: var(--notepaper); padding: 10px 14px; margin: 10px 0; }
.notice.loud { border-color: var(--loud); background: var(--loudpaper); color: var(--loud); font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin: 6px 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 600; white-space: nowrap; }
small { color: var(--soft); font-size: 12px; }
small.loud { color: var(--loud); font-weight: 600; }
.numbers tbody th { white-space: normal; min-width: 112px; }
.numbers th, .numbers td { padding-right: 10px; }
.wrap { white-space: normal; }
.remark { white-space: normal; width: 24ch; }
.numbers td, thead th, small { white-space: nowrap; }
.numbers thead th { white-space: normal; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 8px 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font-size: 12px; }
figure { margin: 0; }
figcaption { font-weight: 600; margin: 4px 0 8px; }
.chart { display: block; width: 100%; height: auto; font-size: 12px; font-family: inherit; }
.narrow { display: none; }
.chart text { fill: var(--soft); }
.chart text.label { fill: var(--ink); stroke: var(--paper); stroke-width: 3px; paint-order: stroke; }
.chart text.small { font-size: 11px; }
.grid { stroke: var(--grid); }
.axis { stroke: var(--soft); }
.leader { stroke: var(--soft); stroke-width: 0.8; }
.diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
.square { max-width: 360px; }
.whisker { fill: none; stroke-width: 1.6; opacity: 0.75; }
.reference { stroke-width: 1.4; stroke-dasharray: 7 4; }
.s0 { --own: var(--s0); } .s1 { --own: var(--s1); } .s2 { --own: var(--s2); } .s3 { --own: var(--s3); }
.s4 { --own: var(--s4); } .s5 { --own: var(--s5); } .s6 { --own: var(--s6); }
.mark { fill: var(--own); stroke: var(--ground); stroke-width: 1.2; }
.mark.hollow { fill: var(--ground); stroke: var(--own); stroke-width: 1.6; }
.whisker, .reference { stroke: var(--own); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 6px 0; font-size: 13px; }
.key { list-style: none; padding: 0; margin: 8px 0; font-size: 13px; columns: 300px; }
.key li { break-inside: avoid; }
.key b { display: inline-block; min-width: 22px; text-align: right; margin-right: 6px; }
.legend svg { display: inline-block; width: 16px; height: 16px; vertical-align: -3px; }
.barcell { display: inline-flex; align-items: center; gap: 8px; }
.bar { width: 150px; height: 11px; display: block; }
.track { fill: var(--track); } .fill { fill: var(--fill); } .spread { fill: var(--spread); }
.count { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 16px; }
.card { --ground: var(--panel); background: var(--panel); border-radius: 8px; padding: 12px 16px; min-width: 0; }
.card tbody th { white-space: normal; } .card .bar { width: 70px; }
.flips { list-style: none; padding: 0; margin: 8px 0; display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); }
.flips li { background: var(--panel); border-radius: 8px; overflow: hidden; font-size: 13px; break-inside: avoid; }
.flips img, .flips .none { display: block; width: 100%; aspect-ratio: 4 / 1; object-fit: cover;
  background: var(--track); }
.flips .none { display: grid; place-items: center; color: var(--soft); font-size: 12px; }
.flips p { margin: 5px 12px; overflow-wrap: anywhere; }
.flips .path { color: var(--soft); font-size: 11px; margin-bottom: 10px; }
.lost { color: var(--s1); } .gained { color: var(--s2); }
summary { cursor: pointer; color: var(--soft); font-size: 13px; }
footer { margin-top: 48px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
@media (max-width: 640px) {
  main { padding: 18px 14px 40px; }
  .wide { display: none; } .narrow { display: block; }
  h1 { font-size: 23px; } .bar { width: 90px; }
  dl { grid-template-columns: 1fr; gap: 0; } dt { margin-top: 8px; }
}
@media print {
  main { max-width: none; padding: 0; } h2, h3, h4 { break-after: avoid; } figure, .card { break-inside: avoid; }
}
"""
