//! The honesty of a node.

/// The behaviour of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
	/// As it should.
	#[default]
	Honest,
	/// Does not know what an offer is.
	Broken,
	/// Refuses all requests for now.
	Busy,
	/// Does not like what is asked.
	Picky(u16, &'static str),
	/// Charges a planck too many.
	Overcharge,
	/// Charges more output tokens than were agreed on.
	TooManyTokens,
	/// States the hash of another answer.
	WrongText,
	/// Signs its statement with another key.
	WrongKey,
	/// States a header that no answer has in which nobody is traced.
	OtherHeader,
	/// States that a contribution has to be paid, which its answer's header does not name.
	Attributing,
	/// Wants another price than the chain's.
	WrongPrice,
	/// Serves and charges, but the connection breaks before the statement.
	BreakOff,
	/// The same, and the node says nothing of it afterwards.
	BreakOffMute,
	/// Takes the voucher, and the connection breaks before it has said anything.
	BreakEarly,
	/// Fails after it took the voucher, and says so.
	Fail,
	/// Serves and charges, behind a proxy that loses patience.
	Proxied,
	/// Charges all that was agreed on, and the connection breaks before it has said anything.
	Thief,
	/// Charges all that was agreed on for a stream of which half a word has come.
	Padding,
	/// The same, and the node says nothing of it afterwards.
	PaddingMute,
	/// Charges all that was agreed on for a short answer, of which it says nothing when it has come.
	PaddingWholeMute,
	/// States the hash of another answer, and says nothing of that either when it has come.
	WrongTextMute,
	/// Charges for an answer that is none.
	Empty,
	/// Charges all that was agreed on, and does not begin to answer.
	Stalling,
	/// Serves and charges, the connection breaks, and the answer is kept.
	Keeping,
	/// Sits behind a proxy that does not reach it, and keeps what it should hand on.
	Unreached,
	/// Has no room when a voucher comes, and takes none. Somebody in between keeps them.
	Crowded,
	/// Takes no voucher.
	Denying(&'static str),
	/// Says far more than was paid for.
	Endless,
	/// Says no more about calls.
	Mute,
	/// Does not even say that, when it is asked about calls.
	Hanging,
	/// Gives out lanes' lists that are not those which vouchers acknowledge.
	FalseList,
	/// Gives out lanes with vouchers that it has signed itself.
	FalseVoucher,
	/// Sends no statement, but has it when it is asked.
	Forgetful,
	/// Charges all that was agreed on and says that it has not charged, and shows it with the lane.
	Deceiving,
	/// Calls a tool, as far as chats are concerned.
	Tool,
	/// The same, and signs for its text alone.
	UnsignedTool,
	/// Says how it came to its answer, and signs for the answer alone.
	Thinking,
	/// The same, and signs for another answer.
	ThinkingWrongText,
	/// Wants output tokens of vectors.
	GreedyVectors,
	/// Makes no vectors.
	NoVectors,
}

impl Mood {
	/// True if it says nothing more of a call that it has charged for.
	pub(super) fn ends_mute(self) -> bool {
		let mute =
			[Self::BreakOffMute, Self::PaddingMute, Self::PaddingWholeMute, Self::WrongTextMute];
		mute.contains(&self)
	}

	/// True if its answers bring their statements.
	pub(super) fn states(self) -> bool {
		let silent =
			[Self::Forgetful, Self::PaddingWholeMute, Self::WrongTextMute, Self::Deceiving];
		!silent.contains(&self)
	}
}
