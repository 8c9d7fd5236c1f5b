"""The client against a real daemon: `NATS_URL` names its broker. Run: `python3 -m unittest discover -s tests` here."""

import os
import threading
import unittest

from greenroom import GreenroomError, connect

URL = os.environ.get("NATS_URL")


@unittest.skipIf(URL is None, "NATS_URL names no broker of a daemon")
class AgainstADaemon(unittest.TestCase):
    def setUp(self) -> None:
        self.client = connect(URL, timeout=20)
        self.addCleanup(self.client.close)

    def refusal(self, work) -> str:
        with self.assertRaises(GreenroomError) as caught:
            work()
        return caught.exception.code

    def test_streams_the_answer_of_a_turn(self) -> None:
        turn = self.client.ask("py-stream", "[[rehearse: text=Hello_from_Python]]", turn_id="py-1")
        told = "".join(turn.text())
        self.assertEqual(told, turn.finished["text"])
        self.assertEqual(turn.finished["status"], "completed")

    def test_joins_a_turn_that_it_has_asked_for_before(self) -> None:
        first = self.client.ask("py-join", "hello", turn_id="py-2").result()
        again = self.client.ask("py-join", "hello", turn_id="py-2").result()
        self.assertEqual((first["text"], first["costUsd"]), (again["text"], again["costUsd"]))
        self.assertEqual(self.client.get("py-join")["numTurns"], 1)

    def test_queues_a_turn_and_hears_it(self) -> None:
        events = self.client.events("py-queue", timeout=20)
        self.client.create("py-queue", tags=["py"])
        turn_id = self.client.publish("py-queue", "hello")
        kinds = []
        for event in events:
            if event.get("turnId") == turn_id:
                kinds.append(event["type"])
            if event["type"] == "turn.finished":
                break
        self.assertEqual((kinds[0], kinds[-1]), ("turn.accepted", "turn.finished"))

    def test_finds_sessions_page_by_page(self) -> None:
        for number in range(5):
            self.client.create(f"py-found-{number}", tags=["py-page"])
        found = [session["sessionId"] for session in self.client.search("tag:py-page", limit=2)]
        self.assertEqual(sorted(found), [f"py-found-{number}" for number in range(5)])
        self.assertEqual(self.client.sessions("count", tags=["py-page"])["count"], 5)

    def test_reads_a_transcript_page_by_page(self) -> None:
        for _ in range(3):
            self.client.ask("py-read", "hello").result()
        roles = [entry["message"]["role"] for entry in self.client.messages("py-read", limit=2)]
        self.assertEqual(roles, ["user", "assistant"] * 3)

    def test_answers_what_waits_for_a_person(self) -> None:
        self.client.create("py-asked", workingDirectory=os.environ["GREENROOM_TEST_FOLDER"])
        prompt = '[[rehearse: tool=Bash input={"command":"touch made"}]] [[rehearse: text=done]]'
        turn = self.client.ask("py-asked", prompt)
        for event in turn:
            if event["type"] == "permission.requested":
                [asked] = [each for each in self.client.approvals() if each["sessionId"] == "py-asked"]
                self.assertEqual(asked["approvalId"], event["approvalId"])
                self.client.approve("py-asked", event["approvalId"])
                late = lambda: self.client.approve("py-asked", asked["approvalId"])
                self.assertIn(self.refusal(late), ("already_decided", "approval_not_found"))
        self.assertEqual((turn.finished["status"], turn.finished["text"]), ("completed", "done"))

    def test_cancels_a_turn_from_another_thread(self) -> None:
        turn = self.client.ask("py-cancel", "[[rehearse: text=long_answer delay-ms=60000]]")
        for event in turn:
            if event["type"] == "turn.started":
                threading.Thread(target=turn.cancel).start()
        self.assertEqual(turn.finished["status"], "cancelled")

    def test_gives_refusals_their_codes(self) -> None:
        self.assertEqual(self.refusal(lambda: self.client.get("py-nothing")), "session_not_found")
        self.assertEqual(self.refusal(lambda: self.client.get("a.b")), "invalid_session_id")
        self.assertEqual(self.refusal(lambda: self.client.session("s", "get\r\nPUB x 0")), "invalid_request")
        self.assertEqual(self.refusal(lambda: self.client.ask("py-blank", " ").result()), "invalid_request")
        elsewhere = connect(URL, prefix="nobody", timeout=5)
        self.addCleanup(elsewhere.close)
        self.assertEqual(self.refusal(lambda: elsewhere.get("s")), "unavailable")
        self.assertEqual(self.refusal(lambda: self.client.ask("s", "x" * self.client.max_payload).result()), "too_large")

    def test_connects_once_for_all_threads_that_lost_the_connection(self) -> None:
        self.client.create("py-threads")
        readers = lambda: {each for each in threading.enumerate() if each.name == "greenroom-nats"}
        before = readers()
        self.client._nats._drop(Exception("cut by the test"))
        threads = [threading.Thread(target=self.client.get, args=("py-threads",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(readers() - before), 1)

    def test_carries_any_text(self) -> None:
        text = "Grüße, 日本語, 🙂, \u202e, \x00"
        self.client.ask("py-text", text).result()
        first = next(iter(self.client.messages("py-text")))
        self.assertEqual(first["message"]["content"], text)

    def test_tells_a_reader_that_the_client_was_closed(self) -> None:
        client = connect(URL)
        turn = client.ask("py-close", "[[rehearse: text=long_answer delay-ms=60000]]")
        iterator = iter(turn)
        next(iterator)
        client.close()
        self.assertEqual(self.refusal(lambda: list(iterator)), "unavailable")
        self.client.cancel("py-close")


class WithoutADaemon(unittest.TestCase):
    def test_says_that_there_is_no_broker(self) -> None:
        with self.assertRaises(GreenroomError) as caught:
            connect("nats://127.0.0.1:1")
        self.assertEqual(caught.exception.code, "unavailable")

    def test_refuses_a_tenant_that_is_no_word(self) -> None:
        with self.assertRaises(GreenroomError) as caught:
            connect("nats://127.0.0.1:1", tenant="a.*")
        self.assertEqual(caught.exception.code, "invalid_settings")


if __name__ == "__main__":
    unittest.main()
