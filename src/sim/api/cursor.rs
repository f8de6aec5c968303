//! Cursors as the API hands them out: opaque, and hard on careless clients (C4, E14).
//!
//! A token is standard padded base64 and always contains `+`, `/` and `=`: whoever forgets to
//! percent-encode it sends spaces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::timeline::Position;
use crate::domain::Timestamp;
use crate::sim::workload::{Chance, mix};

/// Encodes as `+/+/`.
const PREFIX: [u8; 3] = [0xfb, 0xff, 0xbf];
/// Numbers in a token: position (two), since, time of issue, sum.
const FIELDS: usize = 5;
/// Before the numbers stand the prefix and one byte of salt; 44 bytes leave one `=`.
const LENGTH: usize = PREFIX.len() + 1 + 8 * FIELDS;

/// What a cursor means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The last event that was served: the next page holds what is older.
    pub(super) below: Position,
    /// The `ingestedSince` of the request it was made for; none where it had none.
    pub(super) since: Option<Timestamp>,
    /// When it was made.
    pub(super) issued: Timestamp,
}

impl Token {
    pub(super) fn encode(&self, secret: u64) -> String {
        let since = self.since.map_or(i64::MIN, Timestamp::ticks);
        let fields = [self.below.ingested.ticks() as u64, self.below.order, since as u64, self.issued.ticks() as u64];
        let sum = checksum(&fields, secret);
        let mut bytes = PREFIX.to_vec();
        let salt = sum as u8;
        bytes.push(salt);
        let mut mask = Chance::new(secret ^ u64::from(salt));
        for field in fields.into_iter().chain([sum]) {
            bytes.extend((field ^ mask.bits()).to_be_bytes());
        }
        STANDARD.encode(bytes)
    }

    /// None for anything this API did not make.
    pub(super) fn decode(text: &str, secret: u64) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        if bytes.len() != LENGTH || bytes[..PREFIX.len()] != PREFIX {
            return None;
        }
        let mut mask = Chance::new(secret ^ u64::from(bytes[PREFIX.len()]));
        let mut fields = [0_u64; FIELDS];
        for (field, chunk) in fields.iter_mut().zip(bytes[PREFIX.len() + 1..].chunks_exact(8)) {
            *field = u64::from_be_bytes(chunk.try_into().ok()?) ^ mask.bits();
        }
        let [ingested, order, since, issued, sum] = fields;
        if sum != checksum(&fields[..FIELDS - 1], secret) || bytes[PREFIX.len()] != sum as u8 {
            return None;
        }
        let at = |ticks: u64| Timestamp::from_ticks(ticks as i64);
        Some(Self {
            below: Position { ingested: at(ingested), order },
            since: (since as i64 != i64::MIN).then_some(at(since)),
            issued: at(issued),
        })
    }
}

fn checksum(fields: &[u64], secret: u64) -> u64 {
    fields.iter().fold(secret, |sum, field| mix(sum.rotate_left(17) ^ field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(order: u64) -> Token {
        let at = Timestamp::from_seconds(1_770_000_000);
        Token { below: Position { ingested: at, order }, since: order.is_multiple_of(2).then_some(at), issued: at }
    }

    #[test]
    fn cursors_hold_the_three_letters_that_need_encoding_and_come_back() {
        for order in 0..500 {
            let text = token(order).encode(9);
            assert!(text.contains('+') && text.contains('/') && text.ends_with('='), "{text}");
            assert_eq!(Token::decode(&text, 9), Some(token(order)));
            assert_eq!(Token::decode(&text.replace('+', " "), 9), None);
            assert_eq!(Token::decode(&text, 10), None);
        }
    }

    #[test]
    fn a_single_changed_letter_is_noticed() {
        let text = token(3).encode(9);
        for place in 0..text.len() {
            let mut letters = text.clone().into_bytes();
            letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(Token::decode(std::str::from_utf8(&letters).unwrap(), 9), None, "{place}");
        }
        for text in ["", "=", "cD0yMDIxLTAxLTA2KzAzAAABM", "../../etc"] {
            assert_eq!(Token::decode(text, 9), None);
        }
    }
}
