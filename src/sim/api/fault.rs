//! What can go wrong, asked for in words: `name[:value][@requests]`.
//!
//! `@5` is the fifth request to the events endpoint, `@5..8` the fifth to the eighth, `@5+` the fifth and all
//! after it, `@%7` every seventh; without `@` all. Faults without a request range hold all the time. Several
//! are separated by commas or spaces. The same words give the same faults: nothing is drawn.

use std::time::Duration;

use super::settings::{ApiSettings, LastCursor, RetryAfter};

/// A fault of single requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timed {
    Status(u16),
    Cut,
    Reset,
    Hang,
    Html,
    BadJson,
    Latency(Duration),
    CursorMissing,
    CursorRepeat,
    EmptyPage,
    Unordered,
    EmptyAnswer,
    OtherOrganization,
}

/// A fault that is a trait of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    RetryAfter(RetryAfter),
    CursorTtl(Duration),
    CursorPinned,
    ShortPages(usize),
    DuplicateEdge,
    Conflict(u64),
    LateVisible(Duration),
    MissingFields(u64),
    Skew(i64),
    DateSkew(i64),
    Clamp,
    SinceExclusive,
    NoDate,
    Envelope(LastCursor),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Timed(Timed),
    Standing(Standing),
}

/// Which requests, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Between(u64, u64),
    Every(u64),
}

impl When {
    const ALWAYS: Self = Self::Between(1, u64::MAX);

    const fn meets(self, request: u64) -> bool {
        match self {
            Self::Between(first, last) => first <= request && request <= last,
            Self::Every(step) => request.is_multiple_of(step),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
        if let Some(step) = text.strip_prefix('%') {
            return number(step).map(Self::Every);
        }
        if let Some(first) = text.strip_suffix('+') {
            return number(first).map(|first| Self::Between(first, u64::MAX));
        }
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (number(first)?, number(last)?);
        (first <= last).then_some(Self::Between(first, last))
    }
}

/// A set of faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    timed: Vec<(Timed, When)>,
    standing: Vec<Standing>,
}

/// Form and meaning of each fault.
const KNOWN: [(&str, &str); 28] = [
    ("status:CODE@N", "answers N with this HTTP status, such as 503 or 429"),
    ("cut@N", "breaks the connection off in the middle of the body (E26)"),
    ("reset@N", "resets the connection before anything is answered (E26)"),
    ("hang@N", "never answers (E26)"),
    ("html@N", "answers 200 with a page of HTML (E26)"),
    ("badjson@N", "answers 200 with JSON that breaks off (E26)"),
    ("latency:SPAN@N", "takes this much longer, such as 300ms"),
    ("cursor-missing@N", "says that more events follow, but gives no cursor (E12)"),
    ("cursor-repeat@N", "gives the cursor that was sent (E13)"),
    ("empty-page@N", "a page without events although more follow (E11)"),
    ("unordered@N", "the events of the page in reverse order"),
    ("empty-answers@N", "no events at all and no more to come, as in an incident"),
    ("other-organization@N", "the events of another workspace"),
    ("retry-after[:SECONDS|:date]", "a Retry-After with every 429 (E21); without a value, to the window's end"),
    ("cursor-ttl:SPAN", "cursors die after this span: 400 (E14)"),
    ("cursor-pinned", "a cursor with another ingestedSince, or without its own: 400 (E15)"),
    ("short-pages:COUNT", "at most COUNT events a page (E11)"),
    ("duplicate-edge", "each page begins with the last event of the page before (E7)"),
    ("conflict:COUNT", "every COUNTth event has another body the second time (E8)"),
    ("late-visible:SPAN", "one event in 40 is shown this long after its ingestion (E5)"),
    ("missing-fields:COUNT", "every COUNTth event lacks or garbles a standard field (E31)"),
    ("skew:SPAN", "the server's clock is off, such as -10m or 10m (E49)"),
    ("date-skew:SPAN", "the Date header alone is off"),
    ("clamp", "a start beyond the look-back is raised instead of refused (C9)"),
    ("since-exclusive", "events ingested exactly at ingestedSince are left out (C7)"),
    ("no-date", "no Date header"),
    ("envelope:null|empty|absent|stale", "what the last page has for a cursor (C2)"),
    ("none", "nothing"),
];

impl FaultPlan {
    /// Reads faults, separated by commas or spaces. The error says what is known.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut plan = Self::default();
        for word in text.split([',', ' ']).filter(|word| !word.is_empty() && *word != "none") {
            match read_fault(word).ok_or_else(|| refusal(word))? {
                (Effect::Timed(fault), when) => plan.timed.push((fault, when.unwrap_or(When::ALWAYS))),
                (Effect::Standing(_), Some(_)) => {
                    return Err(format!("`{word}`: this fault holds all the time; leave out `@…`"));
                }
                (Effect::Standing(fault), None) => plan.standing.push(fault),
            }
        }
        Ok(plan)
    }

    /// Form and meaning of every fault there is.
    pub fn known() -> &'static [(&'static str, &'static str)] {
        &KNOWN
    }

    /// Adds the faults of another plan.
    pub fn extend(&mut self, other: Self) {
        self.timed.extend(other.timed);
        self.standing.extend(other.standing);
    }

    /// The faults that meet this request.
    pub(super) fn at(&self, request: u64) -> impl Iterator<Item = Timed> {
        self.timed.iter().filter(move |(_, when)| when.meets(request)).map(|(fault, _)| *fault)
    }

    /// Turns the standing faults into settings.
    pub(super) fn settle(settings: &mut ApiSettings) {
        for fault in settings.faults.standing.clone() {
            match fault {
                Standing::RetryAfter(form) => settings.retry_after = form,
                Standing::CursorTtl(span) => settings.cursor_ttl = Some(span),
                Standing::CursorPinned => settings.cursor_pinned = true,
                Standing::ShortPages(count) => settings.page_size = count,
                Standing::DuplicateEdge => settings.duplicate_edge = true,
                Standing::Conflict(every) => settings.conflict_every = Some(every),
                Standing::LateVisible(span) => settings.late_visible = span,
                Standing::MissingFields(every) => settings.missing_every = Some(every),
                Standing::Skew(seconds) => settings.skew_s = seconds,
                Standing::DateSkew(seconds) => settings.date_skew_s = seconds,
                Standing::Clamp => settings.clamp = true,
                Standing::SinceExclusive => settings.since_exclusive = true,
                Standing::NoDate => settings.date = false,
                Standing::Envelope(form) => settings.last_cursor = form,
            }
        }
    }
}

fn refusal(word: &str) -> String {
    let forms: Vec<_> = KNOWN.iter().map(|(form, _)| *form).collect();
    format!("`{word}` is not a fault; known are: {}", forms.join(", "))
}

fn read_fault(word: &str) -> Option<(Effect, Option<When>)> {
    let (fault, when) = match word.split_once('@') {
        Some((fault, when)) => (fault, Some(When::parse(when)?)),
        None => (word, None),
    };
    let (name, value) = match fault.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (fault, None),
    };
    let effect = match value {
        None => plain_effect(name)?,
        Some(value) => valued_effect(name, value)?,
    };
    Some((effect, when))
}

fn plain_effect(name: &str) -> Option<Effect> {
    Some(match name {
        "cut" => Effect::Timed(Timed::Cut),
        "reset" => Effect::Timed(Timed::Reset),
        "hang" => Effect::Timed(Timed::Hang),
        "html" => Effect::Timed(Timed::Html),
        "badjson" => Effect::Timed(Timed::BadJson),
        "cursor-missing" => Effect::Timed(Timed::CursorMissing),
        "cursor-repeat" => Effect::Timed(Timed::CursorRepeat),
        "empty-page" => Effect::Timed(Timed::EmptyPage),
        "unordered" => Effect::Timed(Timed::Unordered),
        "empty-answers" => Effect::Timed(Timed::EmptyAnswer),
        "other-organization" => Effect::Timed(Timed::OtherOrganization),
        "retry-after" => Effect::Standing(Standing::RetryAfter(RetryAfter::Seconds(None))),
        "cursor-pinned" => Effect::Standing(Standing::CursorPinned),
        "duplicate-edge" => Effect::Standing(Standing::DuplicateEdge),
        "clamp" => Effect::Standing(Standing::Clamp),
        "since-exclusive" => Effect::Standing(Standing::SinceExclusive),
        "no-date" => Effect::Standing(Standing::NoDate),
        _ => return None,
    })
}

fn valued_effect(name: &str, value: &str) -> Option<Effect> {
    let span = || humantime::parse_duration(value).ok();
    let count = || value.parse::<u64>().ok().filter(|count| *count > 0);
    Some(match name {
        "status" => Effect::Timed(Timed::Status(value.parse().ok().filter(|code| (300..600).contains(code))?)),
        "latency" => Effect::Timed(Timed::Latency(span()?)),
        "retry-after" if value == "date" => Effect::Standing(Standing::RetryAfter(RetryAfter::Date)),
        "retry-after" => Effect::Standing(Standing::RetryAfter(RetryAfter::Seconds(Some(value.parse().ok()?)))),
        "cursor-ttl" => Effect::Standing(Standing::CursorTtl(span()?)),
        "short-pages" => Effect::Standing(Standing::ShortPages(usize::try_from(count()?).ok()?)),
        "conflict" => Effect::Standing(Standing::Conflict(count()?)),
        "late-visible" => Effect::Standing(Standing::LateVisible(span()?)),
        "missing-fields" => Effect::Standing(Standing::MissingFields(count()?)),
        "skew" => Effect::Standing(Standing::Skew(signed_seconds(value)?)),
        "date-skew" => Effect::Standing(Standing::DateSkew(signed_seconds(value)?)),
        "envelope" => Effect::Standing(Standing::Envelope(match value {
            "null" => LastCursor::Null,
            "empty" => LastCursor::Empty,
            "absent" => LastCursor::Absent,
            "stale" => LastCursor::Stale,
            _ => return None,
        })),
        _ => return None,
    })
}

fn signed_seconds(text: &str) -> Option<i64> {
    let (sign, span) = match text.strip_prefix('-') {
        Some(span) => (-1, span),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Some(sign * i64::try_from(humantime::parse_duration(span).ok()?.as_secs()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str) -> Vec<u64> {
        let plan = FaultPlan::parse(text).unwrap();
        (1..=12).filter(|request| plan.at(*request).next().is_some()).collect()
    }

    #[test]
    fn requests_are_chosen_as_written() {
        assert_eq!(hits("status:503@5..8"), [5, 6, 7, 8]);
        assert_eq!(hits("cut@7"), [7]);
        assert_eq!(hits("badjson@11+"), [11, 12]);
        assert_eq!(hits("html@%5"), [5, 10]);
        assert_eq!(hits("latency:300ms").len(), 12);
        assert_eq!(hits("reset@1,hang@3 skew:-10m"), [1, 3]);
        assert_eq!(hits("none"), [0; 0]);
    }

    #[test]
    fn every_known_form_is_read() {
        for (form, help) in FaultPlan::known() {
            let example = form.split(['|', '[']).next().unwrap();
            let example = example.replace("SPAN", "2h").replace("CODE", "503").replace("COUNT", "9").replace('N', "4");
            assert!(FaultPlan::parse(&example).is_ok(), "{example}");
            assert!(!help.is_empty());
        }
    }

    #[test]
    fn an_unknown_fault_is_told_what_is_known() {
        for text in
            ["flood", "status", "status:abc", "cut@0", "cut@8..5", "skew:later", "short-pages:0", "envelope:odd"]
        {
            assert!(FaultPlan::parse(text).unwrap_err().contains("cursor-ttl:SPAN"), "{text}");
        }
        assert!(FaultPlan::parse("clamp@3").unwrap_err().contains("all the time"));
    }
}
