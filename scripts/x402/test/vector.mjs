// The test vector of the specification.

import fs from 'node:fs';

const SPECIFICATION = new URL('../../../docs/x402-openledger.md', import.meta.url);
const [, block] = /```json\n(\{\n {2}"salt"[^]*?)\n```/.exec(fs.readFileSync(SPECIFICATION, 'utf8'));

export const vector = JSON.parse(block);
