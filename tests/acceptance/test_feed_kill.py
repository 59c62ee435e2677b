"""kill -9 in the middle of decisions: a short form of the campaign."""

from feedkilling import killed_again_and_again


def test_no_webhook_is_lost_and_none_comes_without_its_decision(tmp_path):
    killed_again_and_again(tmp_path, rounds=4, seed=7)
