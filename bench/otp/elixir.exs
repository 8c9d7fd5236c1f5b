# Elixir's own GenServer, DynamicSupervisor, Supervisor and Registry, asked like the other contestants: a word and a count
# on a line, a number back.

defmodule Counter do
  use GenServer, restart: :temporary

  def start_link({first, options}), do: GenServer.start_link(__MODULE__, first, options)
  def init(first), do: {:ok, first}
  def handle_call({:add, by}, _from, sum), do: {:reply, sum + by, sum + by}
  def handle_cast({:add, by}, sum), do: {:noreply, sum + by}
end

defmodule Fragile do
  use GenServer

  def start_link(watcher), do: GenServer.start_link(__MODULE__, watcher, name: __MODULE__)

  def init(watcher) do
    send(watcher, {:up, System.monotonic_time(:nanosecond)})
    {:ok, watcher}
  end

  def handle_cast(:crash, watcher) do
    send(watcher, {:crashing, System.monotonic_time(:nanosecond)})
    raise "a crash"
  end
end

defmodule Contestant do
  @callers 100
  @names 10_000
  @burst 999

  def run do
    Logger.configure(level: :none)
    {:ok, _} = DynamicSupervisor.start_link(name: Counters, max_children: 10_000_000)
    {:ok, _} = Registry.start_link(keys: :unique, name: Names)

    {:ok, _} =
      Supervisor.start_link([{Fragile, self()}],
        strategy: :one_for_one,
        max_restarts: 10_000_000,
        max_seconds: 1
      )

    receive do: ({:up, _} -> :ok)
    pids = start(@callers)
    answer_all(%{pids: List.to_tuple(pids), one: hd(pids)})
  end

  defp answer_all(world) do
    case IO.read(:stdio, :line) do
      :eof ->
        :ok

      line ->
        [question, count] = String.split(line)
        IO.puts(round(answer(question, String.to_integer(count), world)))
        answer_all(world)
    end
  end

  defp answer("call", count, %{one: one}),
    do: nanoseconds(fn -> calls(count, one) end)

  defp answer("callMany", count, %{pids: pids}),
    do: nanoseconds(fn -> many_callers(count, &elem(pids, &1)) end)

  defp answer("callOne", count, %{one: one}),
    do: nanoseconds(fn -> many_callers(count, fn _ -> one end) end)

  defp answer("cast", count, %{one: one}),
    do: nanoseconds(fn -> casts(count, @burst, one) end)

  defp answer("flood", count, %{one: one}),
    do: nanoseconds(fn -> casts(count, count, one) end)

  defp answer("start", count, _world) do
    from = now()
    pids = start(count)
    taken = now() - from
    Enum.each(pids, &DynamicSupervisor.terminate_child(Counters, &1))
    taken
  end

  defp answer("registry", count, _world) do
    if Registry.count(Names) == 0 do
      for at <- 0..(@names - 1) do
        name = {:via, Registry, {Names, at}}
        {:ok, _} = DynamicSupervisor.start_child(Counters, {Counter, {0, [name: name]}})
      end
    end

    nanoseconds(fn -> calls_by_name(count) end)
  end

  defp answer("restart", count, _world) do
    Enum.map(1..count, fn _ ->
      GenServer.cast(Fragile, :crash)
      crashed_at = receive do: ({:crashing, at} -> at)
      receive do: ({:up, at} -> at - crashed_at)
    end)
    |> Enum.sort()
    |> Enum.at(div(count, 2))
  end

  defp answer("bytes", count, _world) do
    before = settled_bytes()
    start(count)
    (settled_bytes() - before) / count
  end

  defp start(count) do
    for _ <- 1..count do
      {:ok, pid} = DynamicSupervisor.start_child(Counters, {Counter, {0, []}})
      pid
    end
  end

  defp calls(0, _pid), do: :ok

  defp calls(count, pid) do
    GenServer.call(pid, {:add, 1})
    calls(count - 1, pid)
  end

  defp calls_by_name(0), do: :ok

  defp calls_by_name(count) do
    GenServer.call({:via, Registry, {Names, rem(count, @names)}}, {:add, 1})
    calls_by_name(count - 1)
  end

  defp many_callers(count, pid_of) do
    0..(@callers - 1)
    |> Enum.map(fn at -> Task.async(fn -> calls(div(count, @callers), pid_of.(at)) end) end)
    |> Task.await_many(:infinity)
  end

  defp casts(left, _burst, _pid) when left <= 0, do: :ok

  defp casts(left, burst, pid) do
    cast(min(left, burst), pid)
    GenServer.call(pid, {:add, 0}, :infinity)
    casts(left - burst, burst, pid)
  end

  defp cast(0, _pid), do: :ok

  defp cast(count, pid) do
    GenServer.cast(pid, {:add, 1})
    cast(count - 1, pid)
  end

  defp settled_bytes do
    Enum.each(Process.list(), &:erlang.garbage_collect/1)
    :erlang.memory(:total)
  end

  defp now, do: System.monotonic_time(:nanosecond)

  defp nanoseconds(work) do
    from = now()
    work.()
    now() - from
  end
end

Contestant.run()
