//! Rewriting a call or an event from one runtime's numbers into another's, by names.
//!
//! Two runtimes can number pallets, calls, events and variants differently, or have fields in another
//! order, and still mean the same by the same names. What has no counterpart of the same name and
//! shape is refused: it never becomes something else.

use codec::{Compact, Decode, Encode};
use scale_info::{form::PortableForm, PortableRegistry, TypeDefPrimitive};
use subxt::Metadata;
use thiserror::Error;

type Field = scale_info::Field<PortableForm>;
type TypeDef = scale_info::TypeDef<PortableForm>;
type Variant = scale_info::Variant<PortableForm>;

/// Why a call or an event cannot be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Mismatch {
	/// The other runtime has none of this name.
	#[error("there is no {pallet}.{name}")]
	Unknown {
		/// The pallet's name.
		pallet: String,
		/// The name of the call or event.
		name: String,
	},
	/// The other runtime has one of another shape.
	#[error("{pallet}.{name}: {reason}")]
	Changed {
		/// The pallet's name.
		pallet: String,
		/// The name of the call or event.
		name: String,
		/// The difference.
		reason: String,
	},
	/// The metadata, or what is encoded, contradicts itself.
	#[error("{0}")]
	Malformed(String),
}

impl From<String> for Mismatch {
	fn from(reason: String) -> Self {
		Self::Malformed(reason)
	}
}

impl From<codec::Error> for Mismatch {
	fn from(error: codec::Error) -> Self {
		Self::Malformed(error.to_string())
	}
}

/// Rewrites a call or an event: all of what is encoded.
///
/// # Errors
/// If `to` has no counterpart, of it or of a call within it.
pub(crate) fn rewrite(
	from: Side<'_>,
	to: Side<'_>,
	mut encoded: &[u8],
) -> Result<Vec<u8>, Mismatch> {
	let mut out = Vec::with_capacity(encoded.len());
	Rewriting { from, to }.item(&mut encoded, &mut out)?;
	match encoded {
		[] => Ok(out),
		rest => Err(Mismatch::Malformed(format!("{} bytes are left over", rest.len()))),
	}
}

/// A runtime's types, and its enum of all calls or of all events.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
	whose: &'static str,
	types: &'a PortableRegistry,
	outer: u32,
}

impl<'a> Side<'a> {
	/// The calls of the runtime of `whose`.
	pub(crate) fn calls(whose: &'static str, metadata: &'a Metadata) -> Self {
		Self { whose, types: metadata.types(), outer: metadata.outer_enums().call_enum_ty() }
	}

	/// The events of the runtime of `whose`.
	pub(crate) fn events(whose: &'static str, metadata: &'a Metadata) -> Self {
		Self { whose, types: metadata.types(), outer: metadata.outer_enums().event_enum_ty() }
	}

	fn type_def(&self, id: u32) -> Result<&'a TypeDef, String> {
		let found = self.types.resolve(id).map(|found| &found.type_def);
		found.ok_or_else(|| format!("{} has no type {id}", self.whose))
	}

	fn variants(&self, id: u32) -> Result<&'a [Variant], String> {
		match self.type_def(id)? {
			TypeDef::Variant(found) => Ok(&found.variants),
			_ => Err(format!("the type {id} of {} is no enum", self.whose)),
		}
	}

	/// The enum of a pallet's calls or events.
	fn of_pallet(&self, pallet: &Variant) -> Result<&'a [Variant], String> {
		match pallet.fields.as_slice() {
			[only] => self.variants(only.ty.id),
			_ => Err(format!("{} has no enum of the pallet {}", self.whose, pallet.name)),
		}
	}

	/// The pallet and the call or event that what is encoded begins with.
	fn item(&self, input: &mut &[u8]) -> Result<(&'a Variant, &'a Variant), String> {
		let pallet = numbered(self.variants(self.outer)?, input)?;
		let item = numbered(self.of_pallet(pallet)?, input)?;
		Ok((pallet, item))
	}

	/// A pallet and a call or event of it by their names.
	fn named(
		&self,
		pallet: &str,
		name: &str,
	) -> Result<Option<(&'a Variant, &'a Variant)>, String> {
		let pallet = self.variants(self.outer)?.iter().find(|found| found.name == pallet);
		let Some(pallet) = pallet else { return Ok(None) };
		let item = self.of_pallet(pallet)?.iter().find(|found| found.name == name);
		Ok(item.map(|item| (pallet, item)))
	}

	/// The fields of a call or an event. They may be those of a type of its own.
	fn fields(&self, item: &'a Variant) -> Result<&'a [Field], String> {
		if let [Field { name: None, ty, .. }] = item.fields.as_slice() {
			if let TypeDef::Composite(own) = self.type_def(ty.id)? {
				return Ok(&own.fields);
			}
		}
		Ok(&item.fields)
	}
}

/// The variant whose number comes next in what is encoded.
fn numbered<'a>(variants: &'a [Variant], input: &mut &[u8]) -> Result<&'a Variant, String> {
	let index = u8::decode(input).map_err(|error| error.to_string())?;
	let found = variants.iter().find(|variant| variant.index == index);
	found.ok_or_else(|| format!("there is no variant {index}"))
}

struct Rewriting<'a> {
	from: Side<'a>,
	to: Side<'a>,
}

impl Rewriting<'_> {
	/// Rewrites a call or an event.
	fn item(&self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Mismatch> {
		let (of, item) = self.from.item(input)?;
		let (pallet, name) = (of.name.clone(), item.name.clone());
		let Some((of_there, there)) = self.to.named(&pallet, &name)? else {
			return Err(Mismatch::Unknown { pallet, name });
		};
		out.extend([of_there.index, there.index]);
		let (fields, there) = (self.from.fields(item)?, self.to.fields(there)?);
		self.fields(fields, there, input, out).map_err(|mismatch| match mismatch {
			Mismatch::Malformed(reason) => Mismatch::Changed { pallet, name, reason },
			// Of a call within this one.
			other => other,
		})
	}

	/// Rewrites fields, in the other side's order.
	fn fields(
		&self,
		from: &[Field],
		to: &[Field],
		input: &mut &[u8],
		out: &mut Vec<u8>,
	) -> Result<(), Mismatch> {
		let place = |(position, field): (usize, &Field)| match &field.name {
			Some(_) => to.iter().position(|there| there.name == field.name),
			None => to.get(position).filter(|there| there.name.is_none()).map(|_| position),
		};
		let places: Option<Vec<usize>> = from.iter().enumerate().map(place).collect();
		let places = places.filter(|_| from.len() == to.len());
		let places = places.ok_or_else(|| self.differ(names(from), names(to)))?;
		let mut parts = vec![Vec::new(); to.len()];
		for (field, place) in from.iter().zip(places) {
			let (Some(there), Some(part)) = (to.get(place), parts.get_mut(place)) else { continue };
			self.value(field.ty.id, there.ty.id, input, part).map_err(|mismatch| {
				match (mismatch, &field.name) {
					(Mismatch::Malformed(reason), Some(name)) => {
						format!("`{name}`: {reason}").into()
					}
					(mismatch, _) => mismatch,
				}
			})?;
		}
		out.extend(parts.concat());
		Ok(())
	}

	/// Rewrites a value.
	fn value(
		&self,
		from: u32,
		to: u32,
		input: &mut &[u8],
		out: &mut Vec<u8>,
	) -> Result<(), Mismatch> {
		if (from, to) == (self.from.outer, self.to.outer) {
			return self.item(input, out);
		}
		match (self.from.type_def(from)?, self.to.type_def(to)?) {
			(TypeDef::Composite(from), TypeDef::Composite(to)) => {
				self.fields(&from.fields, &to.fields, input, out)
			}
			(TypeDef::Variant(from), TypeDef::Variant(to)) => {
				let variant = numbered(&from.variants, input)?;
				let there = to.variants.iter().find(|there| there.name == variant.name);
				let none = || self.differ(format!("`{}`", variant.name), "no such variant".into());
				let there = there.ok_or_else(none)?;
				out.push(there.index);
				self.fields(&variant.fields, &there.fields, input, out)
			}
			(TypeDef::Sequence(from), TypeDef::Sequence(to)) => {
				let count = Compact::<u32>::decode(input)?;
				count.encode_to(out);
				let (from, to) = (from.type_param.id, to.type_param.id);
				(0..count.0).try_for_each(|_| self.value(from, to, input, out))
			}
			(TypeDef::Array(from), TypeDef::Array(to)) if from.len == to.len => {
				let (len, from, to) = (from.len, from.type_param.id, to.type_param.id);
				(0..len).try_for_each(|_| self.value(from, to, input, out))
			}
			(TypeDef::Tuple(from), TypeDef::Tuple(to)) if from.fields.len() == to.fields.len() => {
				let mut both = from.fields.iter().zip(&to.fields);
				both.try_for_each(|(from, to)| self.value(from.id, to.id, input, out))
			}
			(TypeDef::Primitive(from), TypeDef::Primitive(to)) if from == to => {
				let len = primitive_len(from, input)?;
				copy(len, input, out)
			}
			(TypeDef::Compact(from), TypeDef::Compact(to))
				if self.from.type_def(from.type_param.id)?
					== self.to.type_def(to.type_param.id)? =>
			{
				copy(compact_len(input), input, out)
			}
			(from, to) => Err(self.differ(kind(from), kind(to))),
		}
	}

	fn differ(&self, from: String, to: String) -> Mismatch {
		format!("{} has {from}, {} has {to}", self.from.whose, self.to.whose).into()
	}
}

fn names(fields: &[Field]) -> String {
	let names: Vec<&str> =
		fields.iter().map(|field| field.name.as_deref().unwrap_or("_")).collect();
	format!("({})", names.join(", "))
}

/// A type in one or two words.
fn kind(of: &TypeDef) -> String {
	match of {
		TypeDef::Composite(_) => "a struct".into(),
		TypeDef::Variant(_) => "an enum".into(),
		TypeDef::Sequence(_) => "a list".into(),
		TypeDef::Array(array) => format!("an array of {}", array.len),
		TypeDef::Tuple(tuple) => format!("a tuple of {}", tuple.fields.len()),
		TypeDef::Primitive(primitive) => format!("a {primitive:?}").to_lowercase(),
		TypeDef::Compact(_) => "a compact number".into(),
		TypeDef::BitSequence(_) => "a sequence of bits".into(),
	}
}

/// The length of a primitive value, in bytes.
fn primitive_len(primitive: &TypeDefPrimitive, input: &[u8]) -> Result<usize, codec::Error> {
	use TypeDefPrimitive as Of;
	Ok(match primitive {
		Of::Bool | Of::U8 | Of::I8 => 1,
		Of::U16 | Of::I16 => 2,
		Of::Char | Of::U32 | Of::I32 => 4,
		Of::U64 | Of::I64 => 8,
		Of::U128 | Of::I128 => 16,
		Of::U256 | Of::I256 => 32,
		Of::Str => {
			let mut text = input;
			let len = Compact::<u32>::decode(&mut text)?.0;
			let len = usize::try_from(len).map_err(|_| "a text that is too long")?;
			compact_len(input).saturating_add(len)
		}
	})
}

/// The length of a compact number, in bytes: its first byte says it.
fn compact_len(input: &[u8]) -> usize {
	let first = input.first().copied().unwrap_or_default();
	match first & 0b11 {
		0b00 => 1,
		0b01 => 2,
		0b10 => 4,
		_ => usize::from(first >> 2).saturating_add(5),
	}
}

fn copy(len: usize, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Mismatch> {
	let Some((value, rest)) = input.split_at_checked(len) else {
		return Err("it ends too early".to_owned().into());
	};
	out.extend_from_slice(value);
	*input = rest;
	Ok(())
}

#[cfg(test)]
mod tests;
