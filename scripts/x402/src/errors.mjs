// What can go wrong on the caller's side. `code` is for programs.
//
//   call        the scheme is not used as it has to be
//   offer       what the node asks for is not what the chain says it may ask for, or more than the caller
//               is willing to pay
//   answer      the node's answer cannot be read
//   statement   the node's statement of a call does not hold; it is kept in the state file
//   disputed    node and caller disagree about what the earlier calls cost
//   unresolved  it is not known yet what became of an earlier call
//   refused     the node refused the payment
//   session     there is no session that can pay, and none could be opened
//   state       the state file cannot be used

export class OpenLedgerError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'OpenLedgerError';
    this.code = code;
  }
}
