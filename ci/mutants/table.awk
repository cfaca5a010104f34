# The table of a list of mutants, in its page of the book: what stands between the two marks there.
# Called by ci/mutate.sh --table, which says by `pass` what a file is.
BEGIN { FS = " [|] "; begin = "<!-- mutants -->"; end = "<!-- end of mutants -->" }
# Does the list say in words what is weakened?
pass == 0 && /^#: / { texts = 1 }

# Results: `name | what came out`. The last one counts.
pass == 1 { result[$1] = substr($0, length($1) + 4) }

# The rows that the page has: for mutants that have not run since.
pass == 2 && /^[|] [a-z]/ {
    sub(/ [|]$/, "")
    if (!($1 in before)) before[substr($1, 3)] = $NF
}

# The list becomes the table.
pass == 3 && /^# ---/ { title = $0; gsub(/^# -+ *| *-+$/, "", title); section(title) }
pass == 3 && /^#: / { text = substr($0, 4) }
pass == 3 && /^[^#]/ {
    last = NF
    reason = ""
    if ($last ~ /^equivalent: /) { reason = $last; last-- }
    file = $2
    sub(/^src\//, "", file)
    if ($1 in result) how = result[$1]
    else if ($1 in before) how = before[$1]
    else how = "not run yet"
    sub(/^(loom|test): /, "", how)
    if (how ~ /^equivalent/ && reason == "") how = "not run yet"
    if (how == "equivalent" || how ~ /^equivalent: /) { how = reason; equivalent++ }
    else if (how == "not run yet") missing++
    else if (how ~ /^[*][*]/) survived++
    else { how = $last ": " how; killed++ }
    if (!head) {
        row("mutant", "file", "what is weakened", "killed by")
        table = table (texts ? "|---|---|---|---|\n" : "|---|---|---|\n")
        head = 1
    }
    row($1, "`" file "`", text, how)
    count++
    text = ""
}

pass == 4 && $0 == begin { print; print ""; printf "%s", table; print ""; print summary() ; print ""; inside = 1 }
pass == 4 && $0 == end { inside = 0; closed = 1 }
pass == 4 && !inside
END { if (!closed) { print "the page has no marks" > "/dev/stderr"; exit 1 } }

function row(a, b, c, d) { table = table "| " a " | " b " | " (texts ? c " | " : "") d " |\n" }
function section(title) { table = table (table == "" ? "" : "\n") "## " title "\n\n"; head = 0 }
function summary(text) {
    text = count " mutants: " killed + 0 " killed, " equivalent + 0 " equivalent"
    if (survived) text = text ", " survived " **survived**"
    if (missing) text = text ", " missing " not run yet"
    return text "."
}
