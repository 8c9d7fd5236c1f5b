"""A turn from Python, read as it comes, then found by its tag.

    npm start                                                         # the daemon, in another terminal
    PYTHONPATH=clients/python python3 examples/python/main.py         # or: pip install clients/python

It needs Python 3.9 and no package. `NATS_URL` names another broker than nats://127.0.0.1:4222.
"""

from greenroom import GreenroomError, connect

with connect() as greenroom:
    turn = greenroom.ask("from-python", "What is a green room?", tags=["python"])
    for words in turn.text():
        print(words, end="", flush=True)
    print(f"\n{turn.finished['status']}")

    for session in greenroom.search("tag:python"):
        print(session["sessionId"], session["numTurns"])

    try:
        greenroom.ask("from-python", "", tags=["python"]).result()
    except GreenroomError as error:
        print("refused:", error.code)
