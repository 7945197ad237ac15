export { promptRoot, secretOf, unattributed } from './answer-hash.mjs';
export { Chain } from './chain.mjs';
export { formatOpen, parseOpen } from './checks.mjs';
export { networkOf, requestHash, statementHash, statementPayload, voucherPayload } from './encoding.mjs';
export { OpenLedgerError } from './errors.mjs';
export { isSignedBy } from './keys.mjs';
export { LaneList } from './lane-list.mjs';
export { OpenLedgerScheme } from './scheme.mjs';
export { StateFile } from './state.mjs';
