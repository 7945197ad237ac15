//! The codes: the words that a program goes by.

use std::{fmt, str::FromStr};

use http::StatusCode;
use thiserror::Error;

/// Makes [`RefusalCode`] from a table: by topic, each code with its status, its word, and what it
/// means.
macro_rules! codes {
	($(
		$(#[$topic_doc:meta])*
		$topic:ident: $title:literal {
			$($code:ident = $status:ident $word:literal $meaning:literal,)*
		}
	)*) => {
		/// A code in the body of an error, as `error.code`.
		///
		/// The [`Display`](fmt::Display) of a code is the word that stands there. Reading it back with
		/// [`FromStr`] tells a code that is not known, which a newer node may have said.
		#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
		pub enum RefusalCode {
			$($(#[doc = $meaning] $code,)*)*
		}

		/// A kind of refusal.
		#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
		pub enum Topic {
			$($(#[$topic_doc])* $topic,)*
		}

		impl Topic {
			/// The topics, in the order in which their codes are listed.
			pub const ALL: &'static [Self] = &[$(Self::$topic),*];

			/// The name of the topic, for people.
			pub fn title(self) -> &'static str {
				match self { $(Self::$topic => $title,)* }
			}
		}

		impl RefusalCode {
			/// The codes, topic by topic.
			pub const ALL: &'static [Self] = &[$($(Self::$code,)*)*];

			/// The word for programs.
			pub const fn as_str(self) -> &'static str {
				match self { $($(Self::$code => $word,)*)* }
			}

			/// The HTTP status that it comes with. Where a session or a call is only asked about, what
			/// is not there has status 404, and what is somebody else's 409.
			pub const fn status(self) -> StatusCode {
				match self { $($(Self::$code => StatusCode::$status,)*)* }
			}

			/// The meaning in one line, for people.
			pub const fn meaning(self) -> &'static str {
				match self { $($(Self::$code => $meaning,)*)* }
			}

			/// The kind of refusal that it is.
			pub const fn topic(self) -> Topic {
				match self { $($(Self::$code => Topic::$topic,)*)* }
			}
		}

		impl FromStr for RefusalCode {
			type Err = UnknownCode;

			fn from_str(word: &str) -> Result<Self, UnknownCode> {
				match word {
					$($($word => Ok(Self::$code),)*)*
					_ => Err(UnknownCode(word.to_owned())),
				}
			}
		}
	};
}

codes! {
	/// A voucher that is not taken. It has changed nothing: the caller may correct it and come again.
	Voucher: "Vouchers" {
		MalformedPayment = BAD_REQUEST "malformed_payment"
			"The payment header cannot be read, or its voucher contradicts itself.",
		UnsupportedScheme = PAYMENT_REQUIRED "unsupported_scheme"
			"The payment is for another version of x402, another scheme or another network.",
		WrongChain = PAYMENT_REQUIRED "wrong_chain"
			"The voucher is for another chain.",
		NoSuchLane = BAD_REQUEST "no_such_lane"
			"The voucher names a lane that no session has.",
		RequestMismatch = PAYMENT_REQUIRED "request_mismatch"
			"The voucher is for another request body or salt.",
		ChainUnavailable = SERVICE_UNAVAILABLE "chain_unavailable"
			"The node cannot ask the chain right now.",
		VoucherExpired = PAYMENT_REQUIRED "voucher_expired"
			"The voucher is not valid any more.",
		VoucherValidTooLong = PAYMENT_REQUIRED "voucher_valid_too_long"
			"The voucher is valid for longer than this node takes any.",
		SessionUnknown = PAYMENT_REQUIRED "session_unknown"
			"The chain has no such session with this node.",
		SessionOfOtherNode = PAYMENT_REQUIRED "session_of_other_node"
			"The session pays another node.",
		SessionExpired = PAYMENT_REQUIRED "session_expired"
			"The session has expired.",
		SessionClosing = PAYMENT_REQUIRED "session_closing"
			"The session is being closed.",
		InvalidSignature = PAYMENT_REQUIRED "invalid_signature"
			"Nobody has signed this who may sign for the session.",
		ModelMismatch = PAYMENT_REQUIRED "model_mismatch"
			"The voucher is for another model than the request.",
		VersionChanged = PAYMENT_REQUIRED "version_changed"
			"The voucher is for a version of the model that would not answer.",
		PriceChanged = PAYMENT_REQUIRED "price_changed"
			"The voucher names a price that is not in force.",
		AsOfUnusable = PAYMENT_REQUIRED "as_of_unusable"
			"The voucher is as of a block that is not final for this node, or before its session.",
		TermsChanged = PAYMENT_REQUIRED "terms_changed"
			"The voucher outlives the terms that it is for, or nothing is known of them.",
		InsufficientAuthorisation = PAYMENT_REQUIRED "insufficient_authorisation"
			"The voucher authorises less than the call may cost.",
		SessionOfOtherCaller = PAYMENT_REQUIRED "session_of_other_caller"
			"The node knows the session as another caller's.",
		VoucherAlreadyUsed = CONFLICT "voucher_already_used"
			"This very voucher was taken before, and its answer is not kept.",
		VoucherOutOfOrder = CONFLICT "voucher_out_of_order"
			"The voucher's sequence is not the next one of its lane.",
		LaneBusy = CONFLICT "lane_busy"
			"The lane's last call is still being served.",
		LaneOfOtherTerms = CONFLICT "lane_of_other_terms"
			"The lane is for another agreement.",
		LaneLost = CONFLICT "lane_lost"
			"The chain has settled calls of the lane of which this node knows nothing.",
		AcknowledgedMismatch = PAYMENT_REQUIRED "acknowledged_mismatch"
			"The voucher does not acknowledge what the lane's calls were and cost.",
		ExposureReached = PAYMENT_REQUIRED "exposure_reached"
			"The session owes as much as this node lets any owe before it settles.",
		SessionUnderfunded = PAYMENT_REQUIRED "session_underfunded"
			"The call may cost more than is left of the session's deposit.",
		SpendingLimitReached = PAYMENT_REQUIRED "spending_limit_reached"
			"The call may cost more than the session's signer may still spend.",
		StoreUnavailable = SERVICE_UNAVAILABLE "store_unavailable"
			"The node cannot write anything down right now.",
	}
	/// A call that has no answer yet, or none that is kept.
	Call: "Calls" {
		PaymentRequired = PAYMENT_REQUIRED "payment_required"
			"The call has to be paid for: the header PAYMENT-REQUIRED says how.",
		NotCharged = NOT_FOUND "not_charged"
			"The call was not charged, and its sequence is used.",
		CallUnknown = NOT_FOUND "call_unknown"
			"The call's voucher was not taken so far.",
		CallInProgress = CONFLICT "call_in_progress"
			"The call, or one of the session's, is still being served: ask again.",
		RecordRemoved = CONFLICT "record_removed"
			"The call was settled or given up so long ago that nothing is kept of it.",
	}
	/// A session's end to which the node does not agree.
	Closing: "Ending a session" {
		RequestExpired = FORBIDDEN "request_expired"
			"The request is not valid any more, or for longer than any may be.",
		NotSettled = SERVICE_UNAVAILABLE "not_settled"
			"Calls of the session are not settled yet: ask again.",
		TooManySessions = SERVICE_UNAVAILABLE "too_many_sessions"
			"The node is ending as many sessions as it can at once: ask again.",
	}
	/// A request that is not what it has to be.
	Request: "Requests" {
		UnknownUrl = NOT_FOUND "unknown_url"
			"There is nothing at this address.",
		HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE "headers_too_large"
			"The headers are larger than this node takes.",
		RequestTooLarge = PAYLOAD_TOO_LARGE "request_too_large"
			"The body is larger than this node takes.",
		RequestTimeout = REQUEST_TIMEOUT "request_timeout"
			"The request did not arrive in time.",
		UnreadableBody = BAD_REQUEST "unreadable_body"
			"The body could not be received.",
		MalformedJson = BAD_REQUEST "malformed_json"
			"The body is not valid JSON.",
		MissingRequiredParameter = BAD_REQUEST "missing_required_parameter"
			"A parameter that has to be there is not.",
		InvalidType = BAD_REQUEST "invalid_type"
			"A parameter has another type than it has to have.",
		InvalidValue = BAD_REQUEST "invalid_value"
			"A parameter has a value that it cannot have.",
		EmptyArray = BAD_REQUEST "empty_array"
			"A list has no entries.",
		UnsupportedParameter = BAD_REQUEST "unsupported_parameter"
			"A parameter would change the answer, and the model does not know it.",
		UnsupportedValue = BAD_REQUEST "unsupported_value"
			"A parameter has a value that this node does not support.",
		UnsupportedEndpoint = BAD_REQUEST "unsupported_endpoint"
			"The model is not made for what is asked of it.",
		ContextLengthExceeded = BAD_REQUEST "context_length_exceeded"
			"The prompt leaves the model no room for an answer.",
		InvalidPrompt = BAD_REQUEST "invalid_prompt"
			"The model's template refuses the conversation.",
		RejectedByModel = BAD_REQUEST "rejected_by_model"
			"The server that runs the model refuses the request.",
	}
	/// A model that does not answer.
	Model: "Models" {
		ModelNotFound = NOT_FOUND "model_not_found"
			"There is no such model, or this node does not serve it.",
		ModelPaused = FORBIDDEN "model_paused"
			"The model's owner has paused it.",
		ModelRetired = FORBIDDEN "model_retired"
			"The model's owner has retired it.",
		ModelOutdated = SERVICE_UNAVAILABLE "model_outdated"
			"The node has yet to load the model's new version.",
		ModelUnavailable = SERVICE_UNAVAILABLE "model_unavailable"
			"The server that runs the model is not well.",
		UpstreamError = BAD_GATEWAY "upstream_error"
			"The server that runs the model failed.",
		Timeout = GATEWAY_TIMEOUT "timeout"
			"The call took too long, and was not charged.",
	}
	/// A node that cannot answer.
	Node: "The node" {
		Overloaded = TOO_MANY_REQUESTS "overloaded"
			"The node is working on as much as it can.",
		ShuttingDown = SERVICE_UNAVAILABLE "shutting_down"
			"The node is stopping.",
		InternalError = INTERNAL_SERVER_ERROR "internal_error"
			"Something failed inside the node.",
	}
}

/// A word that is no code of this version: a newer node's, or a stranger's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a code that is known here")]
pub struct UnknownCode(String);

impl fmt::Display for RefusalCode {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(self.as_str())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::HashSet;

	#[test]
	fn words_are_read_as_what_was_written() {
		for code in RefusalCode::ALL {
			assert_eq!(code.as_str().parse(), Ok(*code));
			let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
			assert!(code.as_str().chars().all(plain), "{code}");
			assert!(code.meaning().ends_with('.') && code.meaning().len() < 90, "{code}");
			let status = code.status();
			assert!(status.is_client_error() || status.is_server_error(), "{code}");
			assert!(Topic::ALL.contains(&code.topic()) && !code.topic().title().is_empty());
		}
		let words: HashSet<_> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
		assert_eq!(words.len(), RefusalCode::ALL.len());
	}

	#[test]
	fn a_newer_nodes_word_is_told() {
		let unknown = "lane_on_fire".parse::<RefusalCode>().unwrap_err();
		assert_eq!(unknown.to_string(), "`lane_on_fire` is not a code that is known here");
		assert!("Lane_Busy".parse::<RefusalCode>().is_err());
	}
}
