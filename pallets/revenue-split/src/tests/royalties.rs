//! Models that were made from others.

use super::*;

#[test]
fn parents_are_paid_out_of_the_developers_part() {
	run(|| {
		let levels = [(PARENT, 10), (GRANDPARENT, 50)];
		fund_pot(20_000);
		let payments = distribute_descended(&NODE, &levels, &[call(10_000), call(10_000)]).unwrap();

		let royalties: Vec<_> = payments[0]
			.royalties
			.iter()
			.map(|paid| (paid.model, paid.payee.clone(), paid.amount))
			.collect();
		assert_eq!(royalties, vec![(MODEL - 1, PARENT, 190), (MODEL - 2, GRANDPARENT, 190)]);
		assert_eq!(payments[0], payments[1]);
		assert_eq!(payments[0].developer, 3_420);
		assert_eq!(Balances::balance(&DEVELOPER), 2 * 3_420);
		for owner in [PARENT, GRANDPARENT] {
			assert_eq!(Balances::balance(&owner), 2 * 190);
			assert_eq!(RevenueSplit::earnings(&owner).royalty, 2 * 190);
			assert_eq!(RevenueSplit::earnings(&owner).developer, 0);
		}
		assert_eq!(pot_surplus(), 0);
	});
}

#[test]
fn four_levels_are_paid_and_who_gets_nothing_is_not_named() {
	run(|| {
		let greatest = AccountId::new([8; 32]);
		let great = AccountId::new([9; 32]);
		let levels =
			[(PARENT, 100), (GRANDPARENT, 50), (great.clone(), 100), (greatest.clone(), 20)];
		fund_pot(100_000);
		let payments = distribute_descended(&NODE, &levels, &[call(100_000)]).unwrap();
		let kept: Vec<_> = payments[0].royalties.iter().map(|paid| paid.amount).collect();
		// Of 38,000: all to the parent, half of it on, all of that on, a fifth of that on.
		assert_eq!(kept, vec![19_000, 15_200, 3_800]);
		assert_eq!(payments[0].developer, 0);
		assert_eq!(Balances::balance(&DEVELOPER), 0);
		assert_eq!(RevenueSplit::earnings(&DEVELOPER), Default::default());
		assert_eq!(Balances::balance(&GRANDPARENT), 0);
		assert_eq!(Balances::balance(&great), 15_200);
		assert_eq!(Balances::balance(&greatest), 3_800);
	});
}

#[test]
fn a_royalty_below_the_existential_deposit_accrues() {
	run(|| {
		for (round, accrued, balance) in [(1, 38, 0), (2, 76, 0), (3, 0, 114)] {
			fund_pot(1_000);
			distribute_descended(&NODE, &[(PARENT, 10)], &[call(1_000)]).unwrap();
			assert_eq!(RevenueSplit::earnings(&PARENT).accrued, accrued, "round {round}");
			assert_eq!(Balances::balance(&PARENT), balance, "round {round}");
			assert_eq!(RevenueSplit::earnings(&PARENT).royalty, 38 * round);
		}
	});
}
