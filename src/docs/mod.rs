//! The longer story, as chapters of this documentation, so that its links are checked.
