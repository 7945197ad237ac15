// Generated from node/protocol/src/refusal/codes.rs; not to be changed here.
//
// Each code that a node may refuse with: its HTTP status, what it is about, and what it means.

export const REFUSAL_CODES = Object.freeze({
  malformed_payment: {
    status: 400,
    about: 'voucher',
    means: 'The payment header cannot be read, or its voucher contradicts itself.',
  },
  unsupported_scheme: {
    status: 402,
    about: 'voucher',
    means: 'The payment is for another version of x402, another scheme or another network.',
  },
  wrong_chain: {
    status: 402,
    about: 'voucher',
    means: 'The voucher is for another chain.',
  },
  no_such_lane: {
    status: 400,
    about: 'voucher',
    means: 'The voucher names a lane that no session has.',
  },
  request_mismatch: {
    status: 402,
    about: 'voucher',
    means: 'The voucher is for another request body or salt.',
  },
  chain_unavailable: {
    status: 503,
    about: 'voucher',
    means: 'The node cannot ask the chain right now.',
  },
  voucher_expired: {
    status: 402,
    about: 'voucher',
    means: 'The voucher is not valid any more.',
  },
  voucher_valid_too_long: {
    status: 402,
    about: 'voucher',
    means: 'The voucher is valid for longer than this node takes any.',
  },
  session_unknown: {
    status: 402,
    about: 'voucher',
    means: 'The chain has no such session with this node.',
  },
  session_of_other_node: {
    status: 402,
    about: 'voucher',
    means: 'The session pays another node.',
  },
  session_expired: {
    status: 402,
    about: 'voucher',
    means: 'The session has expired.',
  },
  session_closing: {
    status: 402,
    about: 'voucher',
    means: 'The session is being closed.',
  },
  invalid_signature: {
    status: 402,
    about: 'voucher',
    means: 'Nobody has signed this who may sign for the session.',
  },
  model_mismatch: {
    status: 402,
    about: 'voucher',
    means: 'The voucher is for another model than the request.',
  },
  version_changed: {
    status: 402,
    about: 'voucher',
    means: 'The voucher is for a version of the model that would not answer.',
  },
  price_changed: {
    status: 402,
    about: 'voucher',
    means: 'The voucher names a price that is not in force.',
  },
  as_of_unusable: {
    status: 402,
    about: 'voucher',
    means: 'The voucher is as of a block that is not final for this node, or before its session.',
  },
  terms_changed: {
    status: 402,
    about: 'voucher',
    means: 'The voucher outlives the terms that it is for, or nothing is known of them.',
  },
  insufficient_authorisation: {
    status: 402,
    about: 'voucher',
    means: 'The voucher authorises less than the call may cost.',
  },
  session_of_other_caller: {
    status: 402,
    about: 'voucher',
    means: 'The node knows the session as another caller\'s.',
  },
  voucher_already_used: {
    status: 409,
    about: 'voucher',
    means: 'This very voucher was taken before, and its answer is not kept.',
  },
  voucher_out_of_order: {
    status: 409,
    about: 'voucher',
    means: 'The voucher\'s sequence is not the next one of its lane.',
  },
  lane_busy: {
    status: 409,
    about: 'voucher',
    means: 'The lane\'s last call is still being served.',
  },
  lane_of_other_terms: {
    status: 409,
    about: 'voucher',
    means: 'The lane is for another agreement.',
  },
  lane_lost: {
    status: 409,
    about: 'voucher',
    means: 'The chain has settled calls of the lane of which this node knows nothing.',
  },
  acknowledged_mismatch: {
    status: 402,
    about: 'voucher',
    means: 'The voucher does not acknowledge what the lane\'s calls were and cost.',
  },
  exposure_reached: {
    status: 402,
    about: 'voucher',
    means: 'The session owes as much as this node lets any owe before it settles.',
  },
  session_underfunded: {
    status: 402,
    about: 'voucher',
    means: 'The call may cost more than is left of the session\'s deposit.',
  },
  spending_limit_reached: {
    status: 402,
    about: 'voucher',
    means: 'The call may cost more than the session\'s signer may still spend.',
  },
  store_unavailable: {
    status: 503,
    about: 'voucher',
    means: 'The node cannot write anything down right now.',
  },
  payment_required: {
    status: 402,
    about: 'call',
    means: 'The call has to be paid for: the header PAYMENT-REQUIRED says how.',
  },
  not_charged: {
    status: 404,
    about: 'call',
    means: 'The call was not charged, and its sequence is used.',
  },
  call_unknown: {
    status: 404,
    about: 'call',
    means: 'The call\'s voucher was not taken so far.',
  },
  call_in_progress: {
    status: 409,
    about: 'call',
    means: 'The call, or one of the session\'s, is still being served: ask again.',
  },
  record_removed: {
    status: 409,
    about: 'call',
    means: 'The call was settled or given up so long ago that nothing is kept of it.',
  },
  request_expired: {
    status: 403,
    about: 'closing',
    means: 'The request is not valid any more, or for longer than any may be.',
  },
  not_settled: {
    status: 503,
    about: 'closing',
    means: 'Calls of the session are not settled yet: ask again.',
  },
  too_many_sessions: {
    status: 503,
    about: 'closing',
    means: 'The node is ending as many sessions as it can at once: ask again.',
  },
  unknown_url: {
    status: 404,
    about: 'request',
    means: 'There is nothing at this address.',
  },
  headers_too_large: {
    status: 431,
    about: 'request',
    means: 'The headers are larger than this node takes.',
  },
  request_too_large: {
    status: 413,
    about: 'request',
    means: 'The body is larger than this node takes.',
  },
  request_timeout: {
    status: 408,
    about: 'request',
    means: 'The request did not arrive in time.',
  },
  unreadable_body: {
    status: 400,
    about: 'request',
    means: 'The body could not be received.',
  },
  malformed_json: {
    status: 400,
    about: 'request',
    means: 'The body is not valid JSON.',
  },
  missing_required_parameter: {
    status: 400,
    about: 'request',
    means: 'A parameter that has to be there is not.',
  },
  invalid_type: {
    status: 400,
    about: 'request',
    means: 'A parameter has another type than it has to have.',
  },
  invalid_value: {
    status: 400,
    about: 'request',
    means: 'A parameter has a value that it cannot have.',
  },
  empty_array: {
    status: 400,
    about: 'request',
    means: 'A list has no entries.',
  },
  unsupported_parameter: {
    status: 400,
    about: 'request',
    means: 'A parameter would change the answer, and the model does not know it.',
  },
  unsupported_value: {
    status: 400,
    about: 'request',
    means: 'A parameter has a value that this node does not support.',
  },
  unsupported_endpoint: {
    status: 400,
    about: 'request',
    means: 'The model is not made for what is asked of it.',
  },
  context_length_exceeded: {
    status: 400,
    about: 'request',
    means: 'The prompt leaves the model no room for an answer.',
  },
  invalid_prompt: {
    status: 400,
    about: 'request',
    means: 'The model\'s template refuses the conversation.',
  },
  rejected_by_model: {
    status: 400,
    about: 'request',
    means: 'The server that runs the model refuses the request.',
  },
  model_not_found: {
    status: 404,
    about: 'model',
    means: 'There is no such model, or this node does not serve it.',
  },
  model_paused: {
    status: 403,
    about: 'model',
    means: 'The model\'s owner has paused it.',
  },
  model_retired: {
    status: 403,
    about: 'model',
    means: 'The model\'s owner has retired it.',
  },
  model_outdated: {
    status: 503,
    about: 'model',
    means: 'The node has yet to load the model\'s new version.',
  },
  model_unavailable: {
    status: 503,
    about: 'model',
    means: 'The server that runs the model is not well.',
  },
  upstream_error: {
    status: 502,
    about: 'model',
    means: 'The server that runs the model failed.',
  },
  timeout: {
    status: 504,
    about: 'model',
    means: 'The call took too long, and was not charged.',
  },
  overloaded: {
    status: 429,
    about: 'node',
    means: 'The node is working on as much as it can.',
  },
  shutting_down: {
    status: 503,
    about: 'node',
    means: 'The node is stopping.',
  },
  internal_error: {
    status: 500,
    about: 'node',
    means: 'Something failed inside the node.',
  },
});
