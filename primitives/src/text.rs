//! Text of a bounded length, which the metadata calls text.
//!
//! It is encoded as a list of bytes is. Wallets that read the metadata show such a list as hexadecimal digits as soon
//! as it has a letter that is not ASCII, and a string as what it says. What is no UTF-8 is not decoded, so no call
//! can carry it.

use alloc::string::String;
use codec::{Decode, DecodeWithMemTracking, Encode, EncodeLike, Input, MaxEncodedLen, Output};
use core::{
	fmt::{self, Debug, Formatter},
	marker::PhantomData,
};
use scale_info::{Type, TypeInfo};
use sp_core::Get;
use sp_runtime::BoundedVec;

/// Text in UTF-8, of `Bound` bytes at most.
pub struct Text<Bound> {
	text: String,
	bound: PhantomData<Bound>,
}

impl<Bound> Text<Bound> {
	/// The text.
	pub fn as_str(&self) -> &str {
		&self.text
	}

	/// Its bytes.
	pub fn as_bytes(&self) -> &[u8] {
		self.text.as_bytes()
	}

	/// The text, taken out.
	pub fn into_string(self) -> String {
		self.text
	}
}

impl<Bound: Get<u32>> TryFrom<String> for Text<Bound> {
	type Error = String;

	/// Fails with the text if it is too long.
	fn try_from(text: String) -> Result<Self, String> {
		if u32::try_from(text.len()).is_ok_and(|bytes| bytes <= Bound::get()) {
			Ok(Self { text, bound: PhantomData })
		} else {
			Err(text)
		}
	}
}

impl<Bound> Clone for Text<Bound> {
	fn clone(&self) -> Self {
		Self { text: self.text.clone(), bound: PhantomData }
	}
}

impl<Bound> Default for Text<Bound> {
	fn default() -> Self {
		Self { text: String::new(), bound: PhantomData }
	}
}

impl<Bound> PartialEq for Text<Bound> {
	fn eq(&self, other: &Self) -> bool {
		self.text == other.text
	}
}

impl<Bound> Eq for Text<Bound> {}

impl<Bound> Debug for Text<Bound> {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		Debug::fmt(&self.text, formatter)
	}
}

impl<Bound> Encode for Text<Bound> {
	fn size_hint(&self) -> usize {
		self.as_bytes().size_hint()
	}

	fn encode_to<O: Output + ?Sized>(&self, out: &mut O) {
		self.as_bytes().encode_to(out);
	}
}

impl<Bound> EncodeLike for Text<Bound> {}

impl<Bound: Get<u32>> Decode for Text<Bound> {
	fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
		// Of the length before anything of it is read.
		let bytes = BoundedVec::<u8, Bound>::decode(input)?;
		let text = String::from_utf8(bytes.into_inner());
		let text = text.map_err(|_| codec::Error::from("a text is not UTF-8"))?;
		Ok(Self { text, bound: PhantomData })
	}
}

impl<Bound: Get<u32>> DecodeWithMemTracking for Text<Bound> {}

impl<Bound: Get<u32>> MaxEncodedLen for Text<Bound> {
	fn max_encoded_len() -> usize {
		BoundedVec::<u8, Bound>::max_encoded_len()
	}
}

impl<Bound: 'static> TypeInfo for Text<Bound> {
	type Identity = str;

	fn type_info() -> Type {
		str::type_info()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use alloc::{string::ToString, vec};
	use proptest::prelude::*;
	use scale_info::{MetaType, TypeDef, TypeDefPrimitive};
	use sp_core::ConstU32;

	type Short = Text<ConstU32<8>>;

	#[test]
	fn a_text_is_called_one_in_the_metadata() {
		let of = MetaType::new::<Short>().type_info();

		assert_eq!(of.type_def, TypeDef::Primitive(TypeDefPrimitive::Str));
	}

	#[test]
	fn bytes_that_are_no_text_are_not_decoded() {
		for bytes in [vec![0xff], vec![b'a', 0xc3], vec![0xed, 0xa0, 0x80]] {
			assert!(Short::decode(&mut bytes.encode().as_slice()).is_err(), "{bytes:?}");
		}
	}

	#[test]
	fn a_text_is_no_longer_than_its_bound() {
		assert_eq!(Short::try_from("12345678".to_string()).unwrap().as_str(), "12345678");
		// Of bytes, not of letters.
		for long in ["123456789", "äöüäö"] {
			assert_eq!(Short::try_from(long.to_string()), Err(long.to_string()));
			assert!(Short::decode(&mut long.encode().as_slice()).is_err(), "{long}");
		}
		assert_eq!(Short::max_encoded_len(), 9);
	}

	proptest! {
		#[test]
		fn a_text_is_encoded_as_its_bytes(text in "\\PC{0,40}") {
			let long = Text::<ConstU32<200>>::try_from(text.clone()).unwrap();
			prop_assert_eq!(long.encode(), text.as_bytes().encode());
			let read = Text::<ConstU32<200>>::decode(&mut long.encode().as_slice());
			prop_assert_eq!(read.as_ref(), Ok(&long));
			prop_assert_eq!(long.into_string(), text);
		}
	}
}
