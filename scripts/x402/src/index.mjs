export { Chain } from './chain.mjs';
export { formatOpen, parseOpen } from './checks.mjs';
export { networkOf, requestHash, responseHash, statementPayload, voucherPayload } from './encoding.mjs';
export { OpenLedgerError } from './errors.mjs';
export { isSignedBy } from './keys.mjs';
export { OpenLedgerScheme } from './scheme.mjs';
export { StateFile } from './state.mjs';
