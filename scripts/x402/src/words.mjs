// Words of answers and prompts: docs/formats.md, section 3.

// Code points that separate words, beside each ASCII character that is no letter and no digit.
export const SEPARATORS = [
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x206f],
  [0x3000, 0x303f],
  [0xff01, 0xff0f],
  [0xff1a, 0xff20],
  [0xff3b, 0xff40],
  [0xff5b, 0xff65],
];

// Code points of scripts that are written without spaces: each is a word of its own.
export const SPACELESS = [
  [0x0e00, 0x0e7f], // Thai
  [0x0e80, 0x0eff], // Lao
  [0x0f00, 0x0fff], // Tibetan
  [0x1000, 0x109f], // Myanmar
  [0x1780, 0x17ff], // Khmer
  [0x1950, 0x197f], // Tai Le
  [0x1980, 0x19df], // New Tai Lue
  [0x19e0, 0x19ff], // Khmer symbols
  [0x1a20, 0x1aaf], // Tai Tham
  [0x1b00, 0x1b7f], // Balinese
  [0x2e80, 0x2eff], // CJK radicals
  [0x2f00, 0x2fdf], // Kangxi radicals
  [0x2ff0, 0x2fff], // Ideographic description
  [0x3040, 0x309f], // Hiragana
  [0x30a0, 0x30ff], // Katakana
  [0x3100, 0x312f], // Bopomofo
  [0x3190, 0x319f], // Kanbun
  [0x31a0, 0x31bf], // Bopomofo extended
  [0x31c0, 0x31ef], // Strokes
  [0x31f0, 0x31ff], // Katakana extensions
  [0x3200, 0x32ff], // Enclosed CJK
  [0x3300, 0x33ff], // Compatibility CJK
  [0x3400, 0x4dbf], // Ideographs, extension A
  [0x4e00, 0x9fff], // Ideographs
  [0xa000, 0xa48f], // Yi
  [0xa490, 0xa4cf], // Yi radicals
  [0xa980, 0xa9df], // Javanese
  [0xa9e0, 0xa9ff], // Myanmar extended B
  [0xaa60, 0xaa7f], // Myanmar extended A
  [0xaa80, 0xaadf], // Tai Viet
  [0xf900, 0xfaff], // Compatibility ideographs
  [0xff66, 0xff9f], // Half-width Katakana
  [0x1aff0, 0x1afff], // Kana extended B
  [0x1b000, 0x1b16f], // Kana supplement
  [0x20000, 0x3ffff], // Planes 2 and 3
];

const LETTER = 0;
const SEPARATOR = 1;
const SPACELESS_WORD = 2;

const isIn = (ranges, codePoint) =>
  ranges.some(([first, last]) => first <= codePoint && codePoint <= last);

// Whether an ASCII byte is a letter or a digit.
const isLetter = (byte) =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);

// The six bits of a byte that goes on with a code point, at `at`; NaN if there is none.
const bitsAt = (source, at) => ((source[at] & 0xc0) === 0x80 ? source[at] & 0x3f : NaN);

// The code point of more than one byte that stands at `at` in its shortest encoding, and its length: [NaN, 1]
// if there is none.
function decode(source, at) {
  const first = source[at];
  const inside = (codePoint, low, high, length) =>
    codePoint >= low && codePoint <= high ? [codePoint, length] : [NaN, 1];
  if (first >= 0xc2 && first <= 0xdf) {
    return inside((first & 0x1f) * 0x40 + bitsAt(source, at + 1), 0x80, 0x7ff, 2);
  }
  if (first >= 0xe0 && first <= 0xef) {
    const low = bitsAt(source, at + 1) * 0x40 + bitsAt(source, at + 2);
    const codePoint = (first & 0x0f) * 0x1000 + low;
    // Halves of pairs are no code points.
    return codePoint >= 0xd800 && codePoint <= 0xdfff ? [NaN, 1] : inside(codePoint, 0x800, 0xffff, 3);
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = bitsAt(source, at + 2) * 0x40 + bitsAt(source, at + 3);
    const codePoint = (first & 0x07) * 0x40000 + bitsAt(source, at + 1) * 0x1000 + low;
    return inside(codePoint, 0x10000, 0x10ffff, 4);
  }
  return [NaN, 1];
}

// What stands at a place: its kind, and its length in bytes.
function pieceAt(source, at) {
  const byte = source[at];
  if (byte < 0x80) return [isLetter(byte) ? LETTER : SEPARATOR, 1];
  const [codePoint, length] = decode(source, at);
  if (isIn(SEPARATORS, codePoint)) return [SEPARATOR, length];
  return [isIn(SPACELESS, codePoint) ? SPACELESS_WORD : LETTER, length];
}

// Bytes with A to Z replaced by a to z.
export const folded = (bytes) =>
  bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

// The words of a text, in order: how many bytes stand before each, its own bytes as they are, whether it is one
// code point of a script without spaces, and whether nothing stands between it and the word before.
export function* wordsOf(source) {
  let end;
  for (let at = 0; at < source.length; ) {
    const [kind, length] = pieceAt(source, at);
    const offset = at;
    at += length;
    if (kind === SEPARATOR) continue;
    while (kind === LETTER && at < source.length) {
      const [next, more] = pieceAt(source, at);
      if (next !== LETTER) break;
      at += more;
    }
    const isSpaceless = kind === SPACELESS_WORD;
    yield { offset, bytes: source.subarray(offset, at), isSpaceless, isGlued: offset === end };
    end = at;
  }
}
