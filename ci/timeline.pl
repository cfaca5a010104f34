#!/usr/bin/env perl
# Draws the timeline of a run as a strip for each thread, for the front page of the book. By hand:
#
#   cargo build --release --features trace --example census
#   MANYHANDS_TRACE=target/run.json target/release/examples/census PATH > /dev/null
#   ci/timeline.pl target/run.json "TITLE" > book/src/plots/census.svg
#
# Each half pixel of a strip has the colour of what the thread did for the longest part of it. Threads that hardly did
# anything are left out.
use strict;
use warnings;

my ($file, $title) = @ARGV;
my ($left, $width, $steps) = (84, 464, 928);
my %class = (poll => 'poll', compute => 'comp', job => 'job', 'permit lent' => 'lent', pause => 'wait', asleep => 'rest');
my (%name, %open, %spans, $end);
$end = 0;
open my $in, '<', $file or die "$file: $!";
while (<$in>) {
    my ($lane) = /"tid":(\d+)/ or next;
    if (/"thread_name".*"args":\{"name":"([^"]*)"/) { $name{$lane} = $1; next; }
    my ($phase, $at) = /"ph":"([BE])","ts":([\d.]+)/ or next;
    $end = $at if $at > $end;
    my $stack = $open{$lane} ||= [];
    # What lies on top is what the thread does.
    push @{$spans{$lane}}, [$stack->[-1][0], $stack->[-1][1], $at] if @$stack && $at > $stack->[-1][1];
    if ($phase eq 'B') {
        my ($kind) = /"cat":"([^"]*)"/;
        # Who has lent the core sleeps; that it is lent says more.
        $kind = 'permit lent' if $kind eq 'asleep' && @$stack && $stack->[-1][0] eq 'permit lent';
        push @$stack, [$kind, $at];
    } else {
        pop @$stack;
        $stack->[-1][1] = $at if @$stack;
    }
}
die "$file has no spans" unless $end > 0;

my ($body, $y) = ('', 78);
for my $lane (sort { $a <=> $b } keys %name) {
    my @sums = map { {} } 0 .. $steps;
    my $busy = 0;
    for my $span (@{$spans{$lane} || []}) {
        my ($kind, $from, $to) = @$span;
        $busy += $to - $from if $kind =~ /^(poll|compute|job)$/;
        my ($first, $last) = map { $_ * $steps / $end } $from, $to;
        for my $step (int $first .. int $last) {
            my $low = $step > $first ? $step : $first;
            my $high = $step + 1 < $last ? $step + 1 : $last;
            $sums[$step]{$kind} += $high - $low;
        }
    }
    next if $busy < $end / 200;
    $body .= sprintf "<text x=\"12\" y=\"%d\">%s</text>\n<rect class=\"rest\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"12\"/>\n",
        $y + 10, $name{$lane}, $left, $y, $width;
    my ($from, $of) = (0, '');
    for my $step (0 .. $steps) {
        my $sums = $sums[$step];
        my ($most) = sort { $sums->{$b} <=> $sums->{$a} || $a cmp $b } keys %$sums;
        my $kind = $step < $steps && defined $most && $sums->{$most} > 0.02 ? $most : '';
        next if $kind eq $of;
        $body .= sprintf "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"12\"/>\n",
            $class{$of}, $left + $from / 2, $y, ($step - $from) / 2 if $of && $of ne 'asleep';
        ($from, $of) = ($step, $kind);
    }
    $y += 17;
}
my $axis = '';
my $tick = 10 ** int(log($end / 1000) / log(10));
$tick /= 2 if $end / 1000 / $tick < 3;
for (my $at = 0; $at * 1000 <= $end; $at += $tick) {
    my $x = $left + $at * 1000 / $end * $width;
    $axis .= sprintf "<path d=\"M%.1f 72V%d\"/><text class=\"m\" x=\"%.1f\" y=\"68\">%g ms</text>\n", $x, $y, $x, $at if $x < $left + $width - 14;
}
my ($legend, $x) = ('', 12);
for my $pair (['poll', 'polls, blocks', 88], ['comp', 'computes', 70], ['job', 'stolen work', 82], ['lent', 'core lent', 68],
    ['wait', 'waits its turn', 90], ['rest', 'asleep', 50]) {
    $legend .= sprintf "<rect class=\"%s\" x=\"%d\" y=\"34\" width=\"11\" height=\"11\"/><text x=\"%d\" y=\"44\">%s</text>\n", $pair->[0], $x, $x + 15, $pair->[1];
    $x += $pair->[2] + 14;
}
my $height = $y + 8;
print <<"END";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 $height" width="560" height="$height">
<title>$title</title>
<style>:root{--ground:#fff;--ink:#20262c;--soft:#5b6670;--line:#d4dade;--poll:#4a8fd0;--comp:#f0a03a;--job:#d55e00;--lent:#cdb4e0;--wait:#e8d44d;--rest:#eceff1}
\@media(prefers-color-scheme:dark){:root{--ground:#171b20;--ink:#e4e8eb;--soft:#a3aeb8;--line:#39424b;--lent:#6f5a86;--rest:#262c32}}
text{font:11px system-ui,'DejaVu Sans',sans-serif;fill:var(--soft)}.t{font-weight:600;font-size:12px;fill:var(--ink)}.m{text-anchor:middle}path{stroke:var(--line)}
.poll{fill:var(--poll)}.comp{fill:var(--comp)}.job{fill:var(--job)}.lent{fill:var(--lent)}.wait{fill:var(--wait)}.rest{fill:var(--rest)}</style>
<rect width="560" height="$height" rx="6" fill="var(--ground)"/>
<text class="t" x="12" y="22">$title</text>
$legend$axis$body</svg>
END
