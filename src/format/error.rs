//! What can be wrong with bytes.

/// Bytes that cannot be read as what they should be, or rows that cannot be written.
///
/// The message is a lowercase fragment without a key: the caller knows which object it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes are not what was once written: cut, altered, or never of this layout.
    #[error("the {layout} is damaged: {reason}")]
    Damaged {
        /// Which layout was expected.
        layout: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
    /// The bytes are sound, but of a shape this program does not know: written by another or a newer one.
    #[error("the {layout} has a shape that is not known here: {reason}")]
    Foreign {
        /// Which layout was expected.
        layout: &'static str,
        /// What differs.
        reason: String,
    },
    /// The values cannot be written in this layout: a mistake of the caller.
    #[error("the {layout} cannot be written: {reason}")]
    Unwritable {
        /// Which layout was asked for.
        layout: &'static str,
        /// What is wrong with the values.
        reason: String,
    },
}

impl FormatError {
    pub(super) fn damaged(layout: &'static str, reason: impl ToString) -> Self {
        Self::Damaged { layout, reason: reason.to_string() }
    }

    pub(super) fn unwritable(layout: &'static str, reason: impl ToString) -> Self {
        Self::Unwritable { layout, reason: reason.to_string() }
    }
}
