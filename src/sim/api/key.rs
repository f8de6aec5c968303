//! Bearer keys: who may read, until when, from where (E23, E24, E25).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use chrono::NaiveDate;

use crate::domain::Timestamp;

/// What a key is for; only one kind opens the audit API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The kind that reads audit events.
    SecurityAudit,
    /// Imports.
    Import,
    /// Exports.
    Export,
    /// User provisioning (SCIM).
    UserProvisioning,
    /// Reading the model's structure.
    ModelingMetadata,
}

/// One API key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySpec {
    /// The bearer token.
    pub secret: String,
    /// What it is for.
    pub kind: KeyKind,
    /// The day from whose beginning, UTC, it is dead; the day itself is not included (E25, C39).
    pub expires: Option<NaiveDate>,
    /// Whether somebody deleted it.
    pub revoked: bool,
    /// IPv4 addresses and CIDR blocks it may be used from; empty is anywhere.
    pub allowed: Vec<String>,
}

impl fmt::Debug for KeySpec {
    /// Everything but the secret, which may be somebody's real one.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeySpec")
            .field("kind", &self.kind)
            .field("expires", &self.expires)
            .field("revoked", &self.revoked)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl KeySpec {
    /// A key for the audit API that never expires.
    pub fn audit(secret: impl Into<String>) -> Self {
        Self { secret: secret.into(), kind: KeyKind::SecurityAudit, expires: None, revoked: false, allowed: Vec::new() }
    }
}

/// Judges a request's `Authorization`; an error is 401 or 403 (C44).
pub(super) fn admit(
    keys: &[KeySpec],
    enterprise: bool,
    authorization: Option<&str>,
    client_ip: &str,
    now: Timestamp,
) -> Result<(), u16> {
    let token = authorization.and_then(bearer).ok_or(401_u16)?;
    if !keys.is_empty() {
        let key = keys.iter().find(|key| key.secret == token).ok_or(401_u16)?;
        if key.revoked || key.expires.is_some_and(|day| now.date() >= day) {
            return Err(401);
        }
        if key.kind != KeyKind::SecurityAudit || !is_allowed(&key.allowed, client_ip) {
            return Err(403);
        }
    }
    if enterprise { Ok(()) } else { Err(403) }
}

/// The token of `Bearer …`; the scheme's case does not matter.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn is_allowed(blocks: &[String], client: &str) -> bool {
    let client = match client.parse() {
        Ok(IpAddr::V4(address)) => Some(address),
        Ok(IpAddr::V6(address)) => address.to_ipv4_mapped(),
        Err(_) => None,
    };
    blocks.is_empty() || client.is_some_and(|client| blocks.iter().any(|block| contains(block, client)))
}

fn contains(block: &str, client: Ipv4Addr) -> bool {
    let (base, length) = block.split_once('/').unwrap_or((block, "32"));
    let (Ok(base), Ok(length)) = (base.parse::<Ipv4Addr>(), length.parse::<u32>()) else { return false };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
    length <= 32 && base.to_bits() & mask == client.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(key: KeySpec, header: Option<&str>, now: &str) -> Result<(), u16> {
        admit(&[key], true, header, "10.0.0.7", Timestamp::parse(now).unwrap())
    }

    #[test]
    fn the_expiry_day_itself_is_not_valid() {
        let key = || KeySpec { expires: "2025-07-01".parse().ok(), ..KeySpec::audit("k") };
        assert_eq!(judge(key(), Some("Bearer k"), "2025-06-30T23:59:59Z"), Ok(()));
        assert_eq!(judge(key(), Some("Bearer k"), "2025-07-01T00:00:00Z"), Err(401));
    }

    #[test]
    fn missing_wrong_and_revoked_keys_are_401() {
        let now = "2025-06-30T00:00:00Z";
        for header in [None, Some(""), Some("k"), Some("Basic k"), Some("Bearer"), Some("Bearer K")] {
            assert_eq!(judge(KeySpec::audit("k"), header, now), Err(401), "{header:?}");
        }
        assert_eq!(judge(KeySpec { revoked: true, ..KeySpec::audit("k") }, Some("Bearer k"), now), Err(401));
        assert_eq!(judge(KeySpec::audit("k"), Some("bearer  k"), now), Ok(()));
    }

    #[test]
    fn wrong_kind_place_and_plan_are_403() {
        let now = "2025-06-30T00:00:00Z";
        let from = |block: &str| KeySpec { allowed: vec![block.to_owned()], ..KeySpec::audit("k") };
        assert_eq!(judge(KeySpec { kind: KeyKind::Export, ..KeySpec::audit("k") }, Some("Bearer k"), now), Err(403));
        assert_eq!(judge(from("10.0.1.0/24"), Some("Bearer k"), now), Err(403));
        for block in ["10.0.0.0/24", "10.0.0.7", "0.0.0.0/0"] {
            assert_eq!(judge(from(block), Some("Bearer k"), now), Ok(()), "{block}");
        }
        assert_eq!(admit(&[], false, Some("Bearer k"), "10.0.0.7", Timestamp::default()), Err(403));
    }
}
