// Signing payloads, and checking who signed one.

import { hexToU8a, u8aToHex, u8aWrapBytes } from '@polkadot/util';
import {
  decodeAddress,
  ed25519Verify,
  secp256k1Verify,
  sr25519Verify,
} from '@polkadot/util-crypto';

const VERIFY = {
  sr25519: sr25519Verify,
  ed25519: ed25519Verify,
  ecdsa: (message, signature, account) => secp256k1Verify(message, signature, account, 'blake2'),
};

// The prefix of the chain's addresses.
export const SS58_PREFIX = 4521;

// An account as hex: the same for every way of writing its address.
export const accountId = (address) => u8aToHex(decodeAddress(address));

// A key pair's signature over a payload, in the form that the headers have it.
export function sign(pair, payload) {
  if (!Object.hasOwn(VERIFY, pair.type)) {
    throw new TypeError(`keys of type ${pair.type} cannot sign for this chain here`);
  }
  return { type: pair.type, value: u8aToHex(pair.sign(payload)) };
}

// Whether `signature` is that of `account` over this payload, as it is or as wallets wrap it.
export function isSignedBy(account, payload, signature) {
  if (!Object.hasOwn(VERIFY, signature?.type)) return false;
  const verify = VERIFY[signature.type];
  return [payload, u8aWrapBytes(payload)].some((message) => {
    try {
      return verify(message, hexToU8a(signature.value), hexToU8a(account));
    } catch {
      // Bytes that are no signature, or no public key.
      return false;
    }
  });
}
