// Integers, lists and options as the chain encodes them: docs/formats.md, section 1.

import { hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util';

// An unsigned integer out of a bigint, a safe integer, or a decimal string. Throws if it has more than `bits`.
export function whole(value, bits, name) {
  const isWhole =
    typeof value === 'bigint' ||
    Number.isSafeInteger(value) ||
    (typeof value === 'string' && /^\d+$/.test(value));
  const number = isWhole ? BigInt(value) : -1n;
  if (number < 0n || number >> BigInt(bits) > 0n) {
    throw new RangeError(`${name} is no unsigned integer of ${bits} bits: ${value}`);
  }
  return number;
}

function littleEndian(size, number) {
  const bytes = new Uint8Array(size);
  for (let index = 0, rest = number; index < size; index += 1, rest >>= 8n) {
    bytes[index] = Number(rest & 0xffn);
  }
  return bytes;
}

// A little-endian integer of `size` bytes.
export const uint = (size, value, name) => littleEndian(size, whole(value, 8 * size, name));

export const u8 = (value, name) => uint(1, value, name);
export const u16 = (value, name) => uint(2, value, name);
export const u32 = (value, name) => uint(4, value, name);
export const u64 = (value, name) => uint(8, value, name);
export const u128 = (value, name) => uint(16, value, name);

// An integer of up to `bits` in its compact form.
export function compact(value, bits, name) {
  const number = whole(value, bits, name);
  if (number < 1n << 6n) return littleEndian(1, number << 2n);
  if (number < 1n << 14n) return littleEndian(2, (number << 2n) + 1n);
  if (number < 1n << 30n) return littleEndian(4, (number << 2n) + 2n);
  const size = Math.ceil(number.toString(16).length / 2);
  return u8aConcat(u8(4 * (size - 4) + 3), littleEndian(size, number));
}

// A list, of which every item is encoded already.
export const listed = (items) => u8aConcat(compact(items.length, 32, 'length'), ...items);

// Bytes with their number in front.
export const octets = (bytes) => u8aConcat(compact(bytes.length, 32, 'length'), bytes);

// Something encoded, or nothing.
export const optional = (encoded) =>
  encoded === null ? Uint8Array.of(0) : u8aConcat(Uint8Array.of(1), encoded);

// 32 bytes from `0x` and 64 hex digits.
export function hash32(value, name) {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{64}$/i.test(value)) {
    throw new RangeError(`${name} is not 0x and 64 hex digits: ${value}`);
  }
  return hexToU8a(value);
}

// Bytes from `0x` and hex digits, `most` of them.
export function hexBytes(value, most, name) {
  const isHex = typeof value === 'string' && /^0x(?:[0-9a-f]{2})*$/i.test(value);
  if (!isHex || value.length > 2 + 2 * most) {
    throw new RangeError(`${name} is not 0x and the hex digits of at most ${most} bytes`);
  }
  return hexToU8a(value);
}

// Takes encoded bytes apart, from the first to the last. What is wrong with them is a RangeError.
export class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  take(size) {
    const end = this.#at + size;
    if (end > this.#bytes.length) throw new RangeError('there are too few bytes');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint(size) {
    return this.take(size).reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
  }

  // A number of items: the shortest form only.
  #length() {
    const first = Number(this.uint(1));
    const more = [0, 1, 3][first & 3];
    if (more === undefined) throw new RangeError('a list is too long');
    const length = (BigInt(first) | (this.uint(more) << 8n)) >> 2n;
    if (more > 0 && length < 1n << (more === 1 ? 6n : 14n)) {
      throw new RangeError('a length is not in its shortest form');
    }
    return Number(length);
  }

  list(most, item) {
    const length = this.#length();
    if (length > most) throw new RangeError(`a list has ${length} items, and not at most ${most}`);
    return Array.from({ length }, () => item(this));
  }

  optional(item) {
    const kind = this.uint(1);
    if (kind > 1n) throw new RangeError('there is neither something nor nothing');
    return kind === 1n ? item(this) : null;
  }

  hash() {
    return u8aToHex(this.take(32));
  }

  end() {
    if (this.#at !== this.#bytes.length) throw new RangeError('there are bytes left over');
  }
}
