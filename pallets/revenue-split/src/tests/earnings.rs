//! What accounts and models have earned over their lifetimes.

use super::{
	lanes::{charged, descended, settle},
	*,
};
use openledger_primitives::{
	info::ModelEarnings,
	traits::{RecordEarnings, Role},
};

#[test]
fn models_have_totals() {
	run(|| {
		let levels = [(PARENT, 10)];

		settle(&[charged(10_000), descended(charged(9_000), &levels)]).unwrap();
		settle(&[charged(10_000)]).unwrap();

		assert_eq!(
			RevenueSplit::model_earnings(MODEL),
			ModelEarnings {
				calls: 3,
				charged: 29_000,
				developer: 2 * 3_800 + 3_078,
				data: 2 * 3_325 + 2_993,
				node: 2 * 2_375 + 2_137,
				royalties: 342,
				protocol: 1_450,
			}
		);
		assert_eq!(RevenueSplit::model_earnings(9), ModelEarnings::default());
	});
}

#[test]
fn what_others_pay_counts_in_its_role() {
	run(|| {
		RevenueSplit::record(&NODE, Role::Curator, 3);
		RevenueSplit::record(&NODE, Role::Data, u128::MAX);
		RevenueSplit::record(&NODE, Role::Data, 1);
		let earnings = RevenueSplit::earnings(&NODE);
		// A lifetime total stays at the largest number: it never undoes a payment.
		assert_eq!((earnings.curator, earnings.data), (3, u128::MAX));
	});
}
