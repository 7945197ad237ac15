//! Page sizes.

use crate::Error;

/// Entries of a page when no limit is asked for.
pub const DEFAULT_LIMIT: u32 = 64;
/// The most entries of a page.
pub const MAX_LIMIT: u32 = openledger_primitives::MAX_PAGE;

/// The page size to use.
///
/// # Errors
/// [`Error::BadLimit`] if it is 0 or above [`MAX_LIMIT`].
pub(crate) fn checked_limit(limit: Option<u32>) -> Result<u32, Error> {
	match limit.unwrap_or(DEFAULT_LIMIT) {
		limit @ 1..=MAX_LIMIT => Ok(limit),
		limit => Err(Error::BadLimit { limit, max: MAX_LIMIT }),
	}
}

/// The place to go on at after a page, given the one after its last entry; none if it is not full.
pub(crate) fn next<T, Id>(
	entries: &[T],
	limit: u32,
	after: impl FnOnce(&T) -> Option<Id>,
) -> Option<Id> {
	let is_full = u32::try_from(entries.len()).is_ok_and(|len| len >= limit);
	entries.last().filter(|_| is_full).and_then(after)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn limits_are_bounded() {
		assert_eq!(checked_limit(None), Ok(DEFAULT_LIMIT));
		assert_eq!(checked_limit(Some(1)), Ok(1));
		assert_eq!(checked_limit(Some(MAX_LIMIT)), Ok(MAX_LIMIT));
		for limit in [0, MAX_LIMIT + 1, u32::MAX] {
			assert_eq!(checked_limit(Some(limit)), Err(Error::BadLimit { limit, max: MAX_LIMIT }));
		}
	}

	#[test]
	fn only_full_pages_have_successors() {
		let after = |last: &u32| last.checked_add(1);
		assert_eq!(next(&[], 1, after), None);
		assert_eq!(next(&[7], 1, after), Some(8));
		assert_eq!(next(&[7], 2, after), None);
		assert_eq!(next(&[u32::MAX], 1, after), None);
	}
}
