use super::*;
use scale_info::{MetaType, Registry, TypeInfo};

#[allow(non_camel_case_types)]
mod old {
	use codec::{Decode, Encode};
	use scale_info::TypeInfo;

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum Call {
		Shop(Shop),
		Gone(Gone),
		Post(Post),
	}

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum Shop {
		buy {
			amount: u32,
			what: Vec<u8>,
			how: How,
		},
		pay {
			#[codec(compact)]
			amount: u128,
			note: String,
			to: Option<[u16; 2]>,
		},
		all {
			calls: Vec<Call>,
		},
		sell {
			amount: u32,
		},
		wait,
	}

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum How {
		Fast,
		Slow { days: (u8, bool) },
		Never,
	}

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum Gone {
		go,
	}

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum Post {
		send { letter: u64 },
	}
}

/// Numbered and ordered in another way, and in part of another shape.
#[allow(non_camel_case_types)]
mod new {
	use codec::{Decode, Encode};
	use scale_info::TypeInfo;

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum Call {
		#[codec(index = 9)]
		Post(Post),
		#[codec(index = 7)]
		Shop(Shop),
	}

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum Shop {
		wait,
		all {
			calls: Vec<Call>,
		},
		pay {
			to: Option<[u16; 2]>,
			#[codec(compact)]
			amount: u128,
			note: String,
		},
		buy {
			how: How,
			amount: u32,
			what: Vec<u8>,
		},
		sell {
			amount: u64,
		},
	}

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum How {
		Slow { days: (u8, bool) },
		Fast,
	}

	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub enum Post {
		send(Letter),
	}

	/// The fields of a variant, as a type of their own.
	#[derive(Clone, Debug, PartialEq, Encode, Decode, TypeInfo)]
	pub struct Letter {
		pub letter: u64,
	}
}

fn types<Call: TypeInfo + 'static>() -> (PortableRegistry, u32) {
	let mut registry = Registry::new();
	let outer = registry.register_type(&MetaType::new::<Call>()).id;
	(registry.into(), outer)
}

fn rewritten(call: &old::Call) -> Result<new::Call, Mismatch> {
	let ((old, old_outer), (new, new_outer)) = (types::<old::Call>(), types::<new::Call>());
	let from = Side { whose: "this program", types: &old, outer: old_outer };
	let to = Side { whose: "the chain", types: &new, outer: new_outer };
	let there = rewrite(from, to, &call.encode())?;
	// And back.
	assert_eq!(rewrite(to, from, &there), Ok(call.encode()));
	Ok(new::Call::decode(&mut there.as_slice()).unwrap())
}

fn changed(name: &str, reason: &str) -> Mismatch {
	let (pallet, name) = ("Shop".into(), name.into());
	Mismatch::Changed { pallet, name, reason: reason.into() }
}

#[test]
fn numbers_and_orders_are_the_other_sides() {
	let how = old::How::Slow { days: (3, true) };
	let buy = old::Shop::buy { amount: 5, what: b"tea".to_vec(), how };
	let buy_there = {
		let how = new::How::Slow { days: (3, true) };
		new::Shop::buy { amount: 5, what: b"tea".to_vec(), how }
	};
	let (amount, note, to) = (u128::MAX, "für dich".to_owned(), Some([1, 2]));
	let pay = old::Shop::pay { amount, note: note.clone(), to };
	let pay_there = new::Shop::pay { amount, note, to };
	let calls = vec![
		old::Call::Shop(buy),
		old::Call::Shop(pay),
		old::Call::Shop(old::Shop::wait),
		old::Call::Post(old::Post::send { letter: 4 }),
	];
	let calls_there = vec![
		new::Call::Shop(buy_there),
		new::Call::Shop(pay_there),
		new::Call::Shop(new::Shop::wait),
		new::Call::Post(new::Post::send(new::Letter { letter: 4 })),
	];
	for (call, there) in calls.iter().zip(&calls_there) {
		assert_eq!(rewritten(call).as_ref(), Ok(there));
	}
	let all = old::Call::Shop(old::Shop::all { calls });
	let all_there = new::Call::Shop(new::Shop::all { calls: calls_there });
	assert_eq!(rewritten(&all), Ok(all_there));
}

#[test]
fn what_has_no_counterpart_is_refused() {
	let gone = old::Call::Gone(old::Gone::go);
	let unknown = Mismatch::Unknown { pallet: "Gone".into(), name: "go".into() };
	assert_eq!(rewritten(&gone), Err(unknown.clone()));
	let sell = old::Call::Shop(old::Shop::sell { amount: 5 });
	let reason = "`amount`: this program has a u32, the chain has a u64";
	assert_eq!(rewritten(&sell), Err(changed("sell", reason)));
	let never =
		old::Call::Shop(old::Shop::buy { amount: 1, what: Vec::new(), how: old::How::Never });
	let reason = "`how`: this program has `Never`, the chain has no such variant";
	assert_eq!(rewritten(&never), Err(changed("buy", reason)));
	// A call within a call is named, and not the one around it.
	let reason = "`amount`: this program has a u32, the chain has a u64";
	for (call, mismatch) in [(gone, unknown), (sell, changed("sell", reason))] {
		let all = old::Call::Shop(old::Shop::all { calls: vec![call] });
		assert_eq!(rewritten(&all), Err(mismatch));
	}
}

#[test]
fn bytes_that_are_no_call_are_refused() {
	let (types, outer) = types::<old::Call>();
	let side = Side { whose: "the chain", types: &types, outer };
	let sell = old::Call::Shop(old::Shop::sell { amount: 5 }).encode();
	assert_eq!(rewrite(side, side, &sell), Ok(sell.clone()));
	let long = [&sell[..], &[0]].concat();
	let malformed = |reason: &str| Err(Mismatch::Malformed(reason.into()));
	assert_eq!(rewrite(side, side, &long), malformed("1 bytes are left over"));
	assert_eq!(rewrite(side, side, &[9]), malformed("there is no variant 9"));
	let short = changed("sell", "`amount`: it ends too early");
	assert_eq!(rewrite(side, side, &sell[..4]), Err(short));
}
