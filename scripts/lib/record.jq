# Reads the record, line by line, and says what it holds. Run with -R -n.
#
# In:  the text of the objects, each behind a line of U+0001, `segment` or `quarantine`, tab, key; U+0001 at the end.
#      $types, the types that name a partition of their own, one a line.
# Out: lines of tab-separated fields:
#      wrong TEXT                    what does not hold
#      found KEY lines NUMBER        as log.jq says it
#      found KEY rows DAY TYPE ROWS  as log.jq says it
#      found KEY body SHA256         as log.jq says it
#      id    JSON                    an event's id
#      body  KEY SHA256 BASE64       a quarantined body, and the sha256 its line gives it

($types | split("\n") | map({key: ., value: true}) | from_entries
    | del(.__HIVE_DEFAULT_PARTITION__, .__OTHER__)) as $own
| def line($fields): $fields | @tsv;

# The UTC day of an RFC 3339 time.
def day:
    if (.[-1:] | ascii_downcase) == "z" or .[-6:] == "+00:00" or .[-6:] == "-00:00" then .[:10]
    else
        capture("^(?<date>.{10})[Tt ](?<time>.{8})(\\.[0-9]+)?(?<sign>[+-])(?<hours>..):(?<minutes>..)$")
        | ((.hours | tonumber) * 3600 + (.minutes | tonumber) * 60) as $offset_s
        | ("\(.date)T\(.time)Z" | fromdateiso8601) - (if .sign == "+" then $offset_s else -$offset_s end)
        | strftime("%Y-%m-%d")
    end;

# The name of the partition of a type. Half a surrogate pair, which jq reads as U+FFFD, makes no text.
def folder($text):
    if type != "string" or . == "" then "__HIVE_DEFAULT_PARTITION__"
    elif contains("\ufffd") and ($text | test("\\\\u[dD][89a-fA-F]")) then "__HIVE_DEFAULT_PARTITION__"
    elif test("^[A-Za-z0-9_. :/=+-]{1,64}$") and (endswith("\n") | not) and $own[.] then .
    else "__OTHER__" end;

def event($text):
    ($text | fromjson) as $event
    | ($event.eventTimestamp | day) as $day
    | ($event.eventType | folder($text)) as $type
    | .rows[$day + "\t" + $type] += 1
    | if ($event.eventId | type) == "string" and $event.eventId != "" then .say = ["id\t" + ($event.eventId | tojson)]
      else error("no id") end;

def quarantined($text):
    ($text | fromjson) as $entry
    | .key as $key
    | .say = [line(["found", $key, "body", $entry.sha256]),
              line(["body", $key, $entry.sha256, ($entry.body_base64 // ($entry.body | @base64))])];

def summary:
    if .key then
        [line(["found", .key, "lines", .lines])]
        + [.key as $key | .rows | to_entries[] | "found\t\($key)\trows\t\(.key)\t\(.value)"]
      else [] end;

foreach inputs as $text ({key: null};
    if $text[:1] == "\u0001" then
        ($text[1:] | split("\t")) as $mark
        | summary as $say
        | {kind: $mark[0], key: $mark[1], lines: 0, rows: {}, say: $say}
      else
        .lines += 1 | .say = []
        | . as $before
        | try (if .kind == "segment" then event($text) else quarantined($text) end)
          catch ($before | .say = [line(["wrong", "\(.key) line \(.lines): is not what it must be"])])
      end;
    .say[])
