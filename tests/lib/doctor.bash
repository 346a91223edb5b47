# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The common part of the tests of nsring doctor: its findings, as JSON in $BATS_TEST_TMPDIR/findings.

# found SUBJECT FIELD
found() {
	jq -r --arg subject "$1" "select(.subject == \$subject).$2" "$BATS_TEST_TMPDIR/findings"
}

# verdict SUBJECT EXPECTED
verdict() {
	equal "verdict on $1" "$(found "$1" verdict)" "$2" || {
		found "$1" reason >&2
		return 1
	}
}

# names SUBJECT TEXT: its reason or advice has TEXT.
names() {
	[[ "$(found "$1" reason) $(found "$1" advice)" == *"$2"* ]] || {
		echo "$1 does not say $2: $(found "$1" reason); $(found "$1" advice)" >&2
		return 1
	}
}
