#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Counting: what nsring tells against what was sent and what the kernel counted.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   udp ->              <- nsring count

load ../lib/netns

@test "count_equals_what_was_sent_and_what_the_kernel_counted" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 1000
	arrived "$B" v1 1000
	finish count
	equal packets "$(total count .packets)" 1000
	equal "kernel's packets" "$(kernel "$B" v1 rx.packets)" 1000
	equal bytes "$(total count .bytes)" "$(kernel "$B" v1 rx.bytes)"
}

@test "count_loses_nothing_of_a_thousand_packets" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 1000
	arrived "$B" v1 1000
	finish count
	equal lost "$(total count '.lost | add')" 0
}

@test "count_of_a_small_ring_adds_up_with_its_losses_to_what_was_sent" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" --ring 256K -s 1514
	kill -STOP "${PID[count]}"
	udp "$A" 4000 "$NOBODY" 9 1400
	arrived "$B" v1 4000
	kill -CONT "${PID[count]}"
	finish count
	[ "$(total count .lost.ring)" -gt 0 ]
	equal "packets and lost" "$(total count '.packets + (.lost | add)')" 4000
}

@test "count_takes_only_what_the_filter_words_let_through" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" udp dst port 7
	udp "$A" 20 "$NOBODY" 7
	udp "$A" 30 "$NOBODY" 8
	arrived "$B" v1 50
	finish count
	equal packets "$(total count .packets)" 20
}

@test "packets_option_ends_the_run_after_exactly_that_many" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" --packets 17
	udp "$A" 100
	reap count
	equal packets "$(total count .packets)" 17
}

@test "duration_option_ends_the_run" {
	netns_pair
	start count "$NSRING" count --json -i "netns:$B/v1" --duration 0.5
	reap count
	equal final "$(total count .final)" true
}

@test "ctrl_c_ends_the_run_with_its_totals_and_status_0" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 5
	arrived "$B" v1 5
	kill -INT "${PID[count]}"
	reap count 0
	equal packets "$(total count .packets)" 5
}

@test "sigterm_ends_the_run_with_its_totals_and_status_0" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 5
	arrived "$B" v1 5
	kill -TERM "${PID[count]}"
	reap count 0
	equal packets "$(total count .packets)" 5
}

@test "last_json_line_is_final_and_has_every_field_of_the_contract" {
	netns_pair
	start count "$NSRING" count --json -i "netns:$B/v1" --duration 1.5
	reap count
	equal final "$(out count | jq -s 'map(select(.final == true)) | length')" 1
	equal fields "$(total count '[.final, .packets, .bytes, .seconds, .lost.nic, .lost.kernel,
		.lost.ring, .lost.consumer] | map(type) | unique | join(" ")')" "boolean number"
}

@test "every_line_of_json_output_is_one_object" {
	netns_pair
	start count "$NSRING" count --json -i "netns:$B/v1" --duration 2.5
	reap count
	[ "$(out count | wc -l)" -ge 2 ]
	while read -r line; do
		equal type "$(jq -r type <<<"$line")" object
	done < <(out count)
}

@test "output_without_a_terminal_has_no_escape_sequences" {
	netns_pair
	start count "$NSRING" count -i "netns:$B/v1" --duration 1.5
	udp "$A" 10
	reap count
	! out count | grep -q $'\x1b'
}

@test "totals_of_several_targets_are_the_sum_of_all" {
	netns_pair
	start_count "$B" -i "netns:$A/v0" -i "netns:$B/v1"
	wait_until has_sockets "$A" 1
	udp "$A" 40
	arrived "$B" v1 40
	finish count
	equal packets "$(total count .packets)" 80
}

@test "immediate_count_takes_every_packet" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" --immediate
	udp "$A" 200
	arrived "$B" v1 200
	finish count
	equal packets "$(total count .packets)" 200
}

@test "capture_of_a_device_that_is_down_says_so_and_goes_on" {
	netns_pair
	ip -n "$B" link set v1 down
	# Its socket takes nothing yet, so start_count would not see it.
	start count "$NSRING" count --json --duration 600 -i "netns:$B/v1"
	wait_until is_open count
	says count "netns:$B/v1: the device is down"
	equal state "$(out count | head -n 1 | jq -r .device_state)" down
	ip -n "$B" link set v1 up
	wait_until link_is_up "$A" v0
	udp "$A" 7
	arrived "$B" v1 7
	finish count
	equal packets "$(total count .packets)" 7
}

@test "capture_of_a_device_without_a_carrier_says_so" {
	netns_pair
	ip -n "$A" link set v0 down
	wait_until link_is_down "$B" v1
	start_count "$B" -i "netns:$B/v1"
	says count "netns:$B/v1: the device has no carrier"
	equal state "$(out count | head -n 1 | jq -r .device_state)" "no carrier"
	finish count
}

@test "state_of_a_device_that_is_up_is_told_in_json_only" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" -i "netns:$B/any"
	equal states "$(out count | jq -r 'select(.open) | .device_state' | xargs)" "up null"
	equal stderr "$(err count)" ""
	finish count
}

@test "state_is_that_of_the_device_whose_whole_name_was_given" {
	netns_pair
	ip -n "$B" link add v1@3 type bridge
	start count "$NSRING" count --json --duration 600 -i "netns:$B/v1@3"
	wait_until is_open count
	equal state "$(out count | head -n 1 | jq -r .device_state)" down
	finish count
}
