# Checks a log by its own words, and says what they promise of the other objects.
#
# In:  $commits, one {file, commit} for each entry, in the order of the file names (`commit` is null where the
#      file is no JSON); $sums, what sha256sum says of archive.json and of the entries; $identity, the text of archive.json.
# Out: lines of tab-separated fields:
#      wrong  TEXT                          what does not hold
#      object KEY SHA256 BYTES              an object that must be there
#      said   KEY WHAT …                    what the record must turn out to hold, as record.jq will find it
#      type   TEXT                          a type that names a partition
#      open   VERSION ROOT                  a publishing that is not finished
#      total  NAME NUMBER                   for the account at the end

($sums | split("\n") | map(select(. != "")) | reduce .[] as $line ({}; .[$line[66:]] = "sha256:" + $line[:64])) as $digests
| ($identity | try fromjson catch {}) as $about
| def line($tag; $fields): [$tag] + $fields | @tsv;
def put($tag; $fields): .say += [line($tag; $fields)];
def need(holds; $what): if holds then . else put("wrong"; [$what]) end;
def version_text: tostring | "00000000000000000000" + . | .[-20:];
def row_sum: [.[][]] | add // 0;

# Rows by partition, as their folders are called. Types in the log are plain, so @uri spells them as Hive does.
def by_folder:
    [to_entries[] | .key as $day | .value | to_entries[]
        | {key: "event_date=\($day)/event_type=\(.key | @uri)", value: .value}]
    | from_entries;

def plus_rows($rows):
    reduce ($rows | to_entries[]) as $day (.;
        reduce ($day.value | to_entries[]) as $type (.; .[$day.key][$type.key] += $type.value));

def record_object($object; $quarantine; $version):
    ($object.sha256 | ltrimstr("sha256:")) as $hex
    | (if $quarantine then "\\.quarantine" else "" end) as $kind
    | ($object.key | test("^record/[0-9]{4}/[0-9]{2}/[0-9]{20}-[0-9a-f]{64}" + $kind + "\\.ndjson\\.zst$")) as $known
    | if ($known | not) then put("wrong"; ["version \($version) names \($object.key | tojson), which is no key of the record"])
      else
        need($object.key | contains("-" + $hex); "\($object.key) does not bear its sha256, \($hex)")
        | need($object.key[15:35] <= ($version | version_text); "\($object.key) was written for a later version than \($version)")
        | put("object"; [$object.key, $hex, $object.bytes])
        | put("said"; [$object.key, "lines", $object.rows])
      end;

def segment($fact; $version):
    "version \($version)" as $here
    | need($fact.fetched == $fact.archived + $fact.duplicates + $fact.rejected;
        "\($here): fetched \($fact.fetched) is not archived \($fact.archived) + duplicates \($fact.duplicates) + rejected \($fact.rejected)")
    | need($fact.conflicts <= $fact.duplicates; "\($here): more conflicts than duplicates")
    | need($fact.routing == 1; "\($here): routing version \($fact.routing) is not known to this check")
    | need(($fact.segment.rows // 0) == $fact.archived; "\($here): the segment's rows are not the archived events")
    | need(($fact.rows | row_sum) == $fact.archived; "\($here): rows by day and type do not add up to the archived events")
    | need(($fact.quarantine.rows // 0) == ($fact.quarantined // [] | length); "\($here): the quarantine's rows are not its digests")
    | reduce ("fetched", "archived", "duplicates", "conflicts", "rejected") as $name (.; .totals[$name] += $fact[$name])
    | .waiting |= plus_rows($fact.rows)
    | if $fact.segment then
        .totals.segments += 1
        | record_object($fact.segment; false; $version)
        | reduce ($fact.rows | to_entries[] | .key as $day | .value | to_entries[] | [$day, .key, .value]) as $count
            (.; put("said"; [$fact.segment.key, "rows"] + $count) | .types[$count[1]] = true)
      else . end
    | if $fact.quarantine then
        .totals.quarantined += $fact.quarantine.rows
        | record_object($fact.quarantine; true; $version)
        | reduce $fact.quarantined[] as $digest
            (.; put("said"; [$fact.quarantine.key, "body", ($digest | ltrimstr("sha256:"))]))
      else . end;

def publishing($fact; $version):
    (.waiting as $waiting | reduce $fact.days[] as $day ({}; .[$day] = ($waiting[$day] // {}))) as $taken
    | need($fact.upto + 1 == $version; "version \($version): a publishing takes everything before it")
    | .waiting |= reduce $fact.days[] as $day (.; del(.[$day]))
    | .open[$version | tostring] =
        {rows: ($taken | by_folder), root: (if $fact.generation == 1 then "lake" else "lake-\($fact.generation)" end)};

def lake_file($file; $open; $publishing):
    ($open.root + "/events/") as $root
    | ($file.key | ltrimstr($root)
        | test("^event_date=[0-9-]{10}/event_type=[A-Za-z0-9_.%-]+/" + ($publishing | version_text) + "-[0-9]{3,}\\.parquet$")) as $known
    | if ($known and ($file.key | startswith($root))) then
        put("object"; [$file.key, ($file.sha256 | ltrimstr("sha256:")), $file.bytes])
        | need($file.rows > 0; "\($file.key) has no rows")
        | .totals.files += 1 | .totals.published += $file.rows
      else put("wrong"; ["publishing \($publishing) names \($file.key | tojson), which is no key of its lake"]) end;

def published($fact; $version):
    (.open[$fact.publishing | tostring]) as $open
    | if $open == null then put("wrong"; ["version \($version): publishing \($fact.publishing) is not open"])
      else
        (reduce $fact.files[] as $file ({}; .[$file.key | split("/")[2:4] | join("/")] += $file.rows)) as $found
        | reduce $fact.files[] as $file (.; lake_file($file; $open; $fact.publishing))
        | reduce ($open.rows + $found | keys_unsorted[]) as $folder (.;
            need(($open.rows[$folder] // 0) == ($found[$folder] // 0);
                "publishing \($fact.publishing): \($folder) has \($found[$folder] // 0) rows in the lake, \($open.rows[$folder] // 0) in the record"))
        | del(.open[$fact.publishing | tostring])
      end;

def action($fact; $version):
    if $fact.type == "SegmentArchived" then segment($fact; $version)
    elif $fact.type == "LakePublishing" then publishing($fact; $version)
    elif $fact.type == "LakePublished" then published($fact; $version)
    elif $fact.type == "ArchiveCreated" then
        need($version == 0; "version \($version) creates the archive once more")
        | need($fact.digest == $digests["archive.json"]; "archive.json does not have the sha256 that version 0 gives it")
        | need($fact.archive == $about.archive; "archive.json is another archive's")
    elif ["SourceSeen", "WalkAdvanced", "WalkCompleted", "WalkAbandoned", "IntervalLost", "RunFailed"]
        | index($fact.type) then .
    else need($fact.critical == false; "version \($version): the action \($fact.type | tojson) is not known to this check") end;

def entry($file; $commit):
    ("log/" + (.next | version_text) + ".json") as $due
    | .parent as $parent
    | .parent = $digests[$file]
    | if $file != $due then put("wrong"; ["\($due) is missing: \($file) follows"]) | .gap = true else .gap = false end
    | .next = ($file[4:24] | tonumber) + 1
    | if $commit == null then put("wrong"; ["\($file) is not one line of JSON"])
      else
        need($file == "log/" + ($commit.version | version_text) + ".json"; "\($file) calls itself version \($commit.version)")
        | need($commit.format == 1; "\($file): log format \($commit.format) is not known to this check")
        | need($commit.archive == $about.archive; "\($file) belongs to another archive")
        | need(.gap or $commit.parent == $parent; "\($file): its parent is not the sha256 of the entry before")
        | need(($commit.actions | length) > 0; "\($file) says nothing")
        | need(($commit.actions[0].type == "ArchiveCreated") == ($commit.version == 0); "\($file): version 0, and no other, creates the archive")
        | reduce $commit.actions[] as $fact (.; action($fact; $commit.version))
      end;

def account:
    need(.totals.fetched == .totals.archived + .totals.duplicates + .totals.rejected; "in total, fetched is not archived + duplicates + rejected")
    | need(.totals.archived == .totals.published + ([.open[].rows[]] | add // 0) + (.waiting | row_sum); "in total, archived is not published + promised + waiting")
    | reduce (.open | to_entries[]) as $open (.; put("open"; [($open.key | version_text), $open.value.root]))
    | reduce (.types | keys[]) as $type (.; put("type"; [$type]))
    | .totals.waiting = .totals.archived - .totals.published
    | .totals.next = .next
    | reduce (.totals | to_entries[]) as $total (.; put("total"; [$total.key, $total.value]));

def fresh:
    {next: 0, parent: null, gap: false, waiting: {}, open: {}, types: {}, say: [],
     totals: {fetched: 0, archived: 0, duplicates: 0, conflicts: 0, rejected: 0, segments: 0, quarantined: 0, files: 0, published: 0}};

foreach ($commits[], null) as $each (fresh;
    .say = []
    | . as $before
    | if $each == null then account
      else try entry($each.file; $each.commit)
        catch (. as $error | $before | .next += 1 | .parent = $digests[$each.file] | put("wrong"; ["\($each.file) is not of its form: \($error)"]))
      end;
    .say[])
