"""Decoder processes are copies of one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import spawn
from pathlib import Path

import pytest

from maskwatch.runtime.live import forking
from maskwatch.runtime.live.child import DecoderFailed, DecoderProcess, Taken
from tests.runtime.processes import is_running, order, read_on, run_program, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each loads its own")


def parent_of(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def opened() -> DecoderProcess:
    decoder = DecoderProcess(order())
    decoder.open()
    return decoder


def memory_kb(pid: int | None, *kinds: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return sum(sizes[kind] for kind in kinds)


def test_all_come_from_one_process_that_has_the_decoder_loaded() -> None:
    with closing(opened()) as one, closing(opened()) as two:
        server = parent_of(one.pid)
        assert parent_of(two.pid) == server != os.getpid()
        assert parent_of(server) == os.getpid()
        assert "libavcodec" in Path(f"/proc/{server}/maps").read_text()


def test_ctrl_c_cannot_hit_the_server_while_it_loads() -> None:
    def blocked(pid: int) -> int:
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.partition("SigBlk:")[2].split()[0], 16)

    sigint = 1 << (signal.SIGINT - 1)
    with closing(opened()) as decoder:
        assert blocked(parent_of(decoder.pid)) & sigint  # as it was when it began
    assert not blocked(os.getpid()) & sigint


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_signal_to_the_whole_group_takes_no_helper_away(name: str, checkout: Path) -> None:
    """A terminal that is closed, or who stops all: what follows is the program's to decide."""
    program = (
        "import os, signal\n"
        "from tests.runtime.live.test_forking import opened\n"
        "decoder = opened()\n"
        "decoder.next()\n"
        f"signal.signal(signal.{name}, signal.SIG_IGN)\n"
        f"os.killpg(0, signal.{name})\n"
        "for _ in range(5): decoder.next()\n"
        "decoder.close()\n"
    )
    done = run_program(program, checkout, new_session=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_decoder_has_for_itself_is_less_than_half_of_what_it_uses() -> None:
    with closing(opened()) as one, closing(opened()):
        own = memory_kb(one.pid, "Private_Clean", "Private_Dirty")
        assert own < 0.5 * memory_kb(one.pid, "Rss")


def test_other_cameras_go_on_when_the_thread_of_the_first_ends() -> None:
    began: list[DecoderProcess] = []
    thread = threading.Thread(target=lambda: began.append(opened()))
    thread.start()
    thread.join()
    with closing(began[0]) as first, closing(opened()) as second:
        assert isinstance(first.next(), Taken)
        assert parent_of(second.pid) == parent_of(first.pid)


def test_a_killed_server_takes_its_decoders_along_and_is_replaced() -> None:
    with closing(opened()) as decoder:
        server = parent_of(decoder.pid)
        os.kill(server, signal.SIGKILL)
        with pytest.raises(DecoderFailed, match="the decoder process died"):
            read_on(decoder)
        assert decoder.pid is not None
        assert wait_until(lambda: not is_running(decoder.pid or 0))
    with closing(opened()) as another:
        assert parent_of(another.pid) != server
        assert isinstance(another.next(), Taken)


def test_where_there_can_be_no_server_each_camera_loads_its_own(
    checkout: Path, tmp_path: Path
) -> None:
    folder = tmp_path / ("x" * 120)  # no socket can have so long a name
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.holds_a_camera"],
        cwd=checkout,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        assert program.stdout is not None
        decoder = int(program.stdout.readline())
        assert parent_of(decoder) == program.pid
        program.kill()
    assert wait_until(lambda: not is_running(decoder))


def test_a_thread_that_starts_other_processes_meanwhile_has_them_load_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("__main__.__file__", __file__, raising=False)
    usual = spawn.get_preparation_data("usual").keys()
    assert usual & {"init_main_from_name", "init_main_from_path"}
    with forking.without_main(), ThreadPoolExecutor(1) as other:
        mine = spawn.get_preparation_data("mine").keys()
        assert other.submit(spawn.get_preparation_data, "another").result().keys() == usual
    assert mine == usual - {"init_main_from_name", "init_main_from_path"}
    assert spawn.get_preparation_data("usual").keys() == usual


def test_what_keeps_the_server_from_starting_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise RuntimeError("\n    no more\n    processes.\n\n    See the manual.\n")

    monkeypatch.setattr(forking, "_keeper", forking._Keeper())
    monkeypatch.setattr("multiprocessing.forkserver.ensure_running", fail)
    for _ in range(2):  # the thread that starts servers is still there
        with pytest.raises(DecoderFailed, match=r"cannot be started: no more processes$"):
            DecoderProcess(order())


def test_a_process_that_may_have_no_others_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened().close()
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)  # type: ignore[attr-defined]
    with pytest.raises(DecoderFailed, match="daemonic processes are not allowed to have children"):
        DecoderProcess(order())


def test_a_fork_of_a_process_with_cameras_has_its_own(checkout: Path) -> None:
    program = (
        "import os\n"
        "from tests.runtime.live.test_forking import opened\n"
        "opened().close()\n"
        "if os.fork() == 0:\n"
        "    decoder = opened()\n"
        "    decoder.next()\n"
        "    decoder.close()\n"
        "    print('seen', flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    ran = run_program(program, checkout)
    assert ran.stdout == "seen\n", ran.stderr
