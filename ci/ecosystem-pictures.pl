#!/usr/bin/env perl
# Writes pictures for `ci/ecosystem.sh`: gradients with noise, the same in every run.
#
#   ci/ecosystem-pictures.pl FOLDER NUMBER SIDE
use strict;
use warnings;
use Compress::Zlib qw(compress crc32);

my ($folder, $number, $side) = @ARGV;
my $seed = 1;

sub noise { $seed = ($seed * 1103515245 + 12345) % 2147483648; return ($seed >> 16) % $_[0]; }

sub chunk { my ($kind, $data) = @_; return pack('N', length $data) . $kind . $data . pack('N', crc32($kind . $data)); }

for my $picture (1 .. $number) {
    my $rows = '';
    for my $y (0 .. $side - 1) {
        $rows .= "\0" . join '', map { pack 'C3', ($_ * $picture) % 256, ($_ ^ $y) % 256, ($y + noise(9)) % 256 } 0 .. $side - 1;
    }
    open my $file, '>:raw', "$folder/$picture.png" or die "$folder: $!";
    print $file "\x89PNG\r\n\x1a\n", chunk('IHDR', pack('NNC5', $side, $side, 8, 2, 0, 0, 0)), chunk('IDAT', compress($rows)), chunk('IEND', '');
    close $file;
}
