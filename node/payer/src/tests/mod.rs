//! The engine as a whole, against a chain in memory and nodes that are real servers.

mod claims;
mod denials;
mod full_disk;
mod lanes;
mod one_shot;
mod sessions;
mod statements;
mod untaken;

use crate::{
	call::{Ended, Request},
	one_shot::{ask, Asked},
	testing::TestNet,
	Payer, PayerSettings,
};

/// A payer on this net, as soon as the one before has let go of its state.
async fn payer(net: &TestNet, settings: PayerSettings) -> Payer {
	let payer = Payer::open(net.chain.clone(), settings).await.unwrap();
	payer.market.refresh_if_older(std::time::Duration::ZERO).await.unwrap();
	payer
}

/// Makes a call whose text comes as it is.
async fn call(payer: &Payer, request: Request) -> Asked {
	let mut streamed = String::new();
	let asked = ask(&payer.router, request, &mut |text| streamed.push_str(text)).await;
	assert_eq!(streamed, asked.text);
	asked
}

/// The code of the error that a call ended with.
fn code(asked: &Asked) -> &str {
	match &asked.ended {
		Ended::Failed(error) | Ended::BrokeOff(error) | Ended::NoFunds(error) => error.code(),
		Ended::Delivered | Ended::Gone => panic!("{asked:?}"),
	}
}
