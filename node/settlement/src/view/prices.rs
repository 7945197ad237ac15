//! Prices that were offered, and that offers still stand for.
//!
//! An offer names its price by its version alone, and stands for a while. So a price goes on to count
//! when the chain has another one, and also when the node was stopped and started in between: what was
//! offered is kept in a small file, and is in it before anybody is offered it.

use std::{
	collections::{BTreeMap, HashMap},
	fs, io,
	path::{Path, PathBuf},
};

use openledger_primitives::{
	info::ModelInfo, price::PriceSchedule, BlockNumber, ModelId, PriceVersion,
};
use serde::{Deserialize, Serialize};

/// For how many blocks an offer stands: ten minutes. The chain takes records at a price that is no
/// longer in force for an hour at least.
pub const OFFER_BLOCKS: BlockNumber = 200;

/// The number of blocks for which the file is written ahead, so that it is written seldom. After a crash
/// an offer may stand for this much longer.
const AHEAD: BlockNumber = 50;

/// A price that was offered.
#[derive(Clone, Copy, Debug)]
struct Offered {
	price: PriceSchedule,
	/// The last block in which it was.
	last: BlockNumber,
	/// The same, as the file has it.
	noted: BlockNumber,
}

/// The same in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
	model: ModelId,
	version: PriceVersion,
	price: PriceSchedule,
	last: BlockNumber,
}

/// Prices that were offered.
#[derive(Debug, Default)]
pub(super) struct Prices(HashMap<(ModelId, PriceVersion), Offered>);

/// The file's content from now on.
#[derive(Debug)]
pub(super) struct Note(Vec<Noted>);

impl Prices {
	/// The prices that were offered before, as the file has them; none if there is no file. What it
	/// says of later blocks than there are is of another chain.
	///
	/// # Errors
	/// If the file cannot be read, or holds something else.
	pub fn load(file: &Path, best: BlockNumber) -> io::Result<Self> {
		let text = match fs::read(file) {
			Ok(text) => text,
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
			Err(error) => return Err(error),
		};
		let noted: Vec<Noted> = serde_json::from_slice(&text)?;
		let known = noted.into_iter().filter(|noted| noted.last <= best.saturating_add(AHEAD));
		let known = known.map(|Noted { model, version, price, last }| {
			((model, version), Offered { price, last, noted: last })
		});
		Ok(Self(known.collect()))
	}

	/// Notes what is offered while the best block is `best`, and forgets what no offer stands for.
	/// What has to be written down before it is offered, if anything has.
	pub fn note(
		&mut self,
		models: &BTreeMap<ModelId, ModelInfo>,
		best: BlockNumber,
	) -> Option<Note> {
		let mut behind = false;
		for model in models.values() {
			let entry = self.0.entry((model.id, model.price_version));
			let new = Offered { price: model.price, last: best, noted: 0 };
			let offered = entry.or_insert(new);
			behind |= offered.noted < best || offered.price != model.price;
			*offered = Offered { noted: offered.noted, ..new };
		}
		self.0.retain(|_, offered| best <= offered.last.saturating_add(OFFER_BLOCKS));
		behind.then(|| self.write_ahead(best))
	}

	fn write_ahead(&mut self, best: BlockNumber) -> Note {
		let mut note = Vec::with_capacity(self.0.len());
		for ((model, version), offered) in &mut self.0 {
			if offered.last == best {
				offered.noted = best.saturating_add(AHEAD);
			}
			let last = offered.noted.max(offered.last);
			note.push(Noted { model: *model, version: *version, price: offered.price, last });
		}
		note.sort_by_key(|noted| (noted.model, noted.version));
		Note(note)
	}

	/// The price, if an offer that was made with it may still stand.
	pub fn standing(
		&self,
		model: ModelId,
		version: PriceVersion,
		best: BlockNumber,
	) -> Option<PriceSchedule> {
		let offered = self.0.get(&(model, version))?;
		(best <= offered.last.saturating_add(OFFER_BLOCKS)).then_some(offered.price)
	}
}

impl Note {
	/// Writes the file, so that it is there whole or as it was.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn write(&self, file: &Path) -> io::Result<()> {
		let mut beside = file.as_os_str().to_owned();
		beside.push(".new");
		let beside = PathBuf::from(beside);
		let mut written = fs::File::create(&beside)?;
		io::Write::write_all(&mut written, &serde_json::to_vec(&self.0)?)?;
		written.sync_all()?;
		fs::rename(&beside, file)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_testkit as testkit;

	fn of(price_version: PriceVersion, per_call: u128) -> BTreeMap<ModelId, ModelInfo> {
		let price = PriceSchedule { per_call, ..testkit::PRICE };
		[(testkit::MODEL, ModelInfo { price_version, price, ..testkit::model() })].into()
	}

	fn per_call(prices: &Prices, version: PriceVersion, best: BlockNumber) -> Option<u128> {
		prices.standing(testkit::MODEL, version, best).map(|price| price.per_call)
	}

	#[test]
	fn a_price_stands_as_long_as_its_offers() {
		let mut prices = Prices::default();
		prices.note(&of(1, 10), 100);
		prices.note(&of(1, 10), 110);
		prices.note(&of(2, 20), 111);
		let last = 110 + OFFER_BLOCKS;
		assert_eq!(per_call(&prices, 1, last), Some(10));
		assert_eq!(per_call(&prices, 1, last + 1), None);
		assert_eq!(per_call(&prices, 2, last), Some(20));
		assert_eq!(per_call(&prices, 3, 111), None);
		assert_eq!(prices.standing(testkit::MODEL + 1, 1, 111), None);
		prices.note(&of(2, 20), last + 1);
		assert_eq!(prices.0.len(), 1, "it is forgotten");
	}

	#[test]
	fn a_price_stands_after_a_new_start_as_well() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("offers.json");
		assert!(Prices::load(&file, 100).expect("there is none").0.is_empty());
		let mut prices = Prices::default();
		let note = prices.note(&of(1, 10), 100).expect("nothing of it is written yet");
		note.write(&file).expect("it is written");
		for best in 101..=100 + AHEAD {
			assert!(prices.note(&of(1, 10), best).is_none(), "that was written ahead");
		}
		// The node is stopped here, or crashes; meanwhile the price changes.
		let mut prices = Prices::load(&file, 160).expect("it is good");
		let note = prices.note(&of(2, 20), 160).expect("there is another price");
		note.write(&file).expect("it is written");
		let last = 100 + AHEAD + OFFER_BLOCKS;
		assert_eq!(per_call(&prices, 1, last), Some(10));
		assert_eq!(per_call(&prices, 1, last + 1), None);
		assert_eq!(per_call(&Prices::load(&file, 170).expect("it is good"), 1, last), Some(10));
		assert_eq!(per_call(&Prices::load(&file, 170).expect("it is good"), 2, 170), Some(20));
		// It goes on to be written down as time goes by.
		assert!(prices.note(&of(2, 20), 160 + AHEAD).is_none());
		let note = prices.note(&of(2, 20), 161 + AHEAD).expect("that was not written ahead");
		assert_eq!(note.0.last().map(|noted| noted.last), Some(161 + 2 * AHEAD));
	}

	#[test]
	fn what_is_of_another_chain_does_not_count() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("offers.json");
		let note = Prices::default().note(&of(1, 10), 5_000).expect("it is new");
		note.write(&file).expect("it is written");
		assert_eq!(per_call(&Prices::load(&file, 5_000).expect("it is good"), 1, 5_000), Some(10));
		assert!(Prices::load(&file, 3).expect("it is good").0.is_empty());
		fs::write(&file, b"nonsense").expect("it is written");
		assert!(Prices::load(&file, 5_000).is_err());
	}
}
