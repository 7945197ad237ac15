// Test vectors that the Rust crate has made, which tests/vectors/recompute.py makes from docs/formats.md.

import fs from 'node:fs';

export const load = (name) =>
  JSON.parse(fs.readFileSync(new URL(`../../../tests/vectors/${name}`, import.meta.url), 'utf8'));
