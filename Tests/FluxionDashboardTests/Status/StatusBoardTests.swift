import FluxionCoordination
@testable import FluxionDashboard
import FluxionFederation
import FluxionLearning
import Testing

@Suite("The board and those who read it", .timeLimit(.minutes(10)))
struct StatusBoardTests {
  private func numbers(_ news: [StatusNews]) -> [Int] {
    news.compactMap { if case .change(let id, _) = $0 { id.number } else { nil } }
  }

  private func read(_ count: Int, from stream: AsyncStream<StatusNews>) async -> [StatusNews] {
    var news: [StatusNews] = []
    for await one in stream {
      news.append(one)
      if news.count == count { break }
    }
    return news
  }

  @Test("a new reader is told everything, then each change in its order, with ascending numbers")
  func order() async {
    let board = Facts.board()
    board.post(.connected(party: 0, name: "party-0", samples: 1))
    let stream = board.news()
    let before = board.snapshot
    board.post(.roundStarted(round: 1, cohort: 3))
    board.post(Facts.accepted(0, in: 1))
    let news = await read(4, from: stream)
    #expect(news.first == .change(before.id, .reset(before.status)))
    #expect(numbers(news) == Array(before.id.number...(before.id.number + 3)))
    let names = news.compactMap { if case .change(_, let change) = $0 { change.name } else { nil } }
    #expect(names == ["reset", "state", "party", "state"])
  }

  @Test("who comes back is told what was missed, and no more")
  func resumes() async {
    let board = Facts.board()
    board.post(.roundStarted(round: 1, cohort: 3))
    let seen = board.snapshot.id
    board.post(Facts.accepted(0, in: 1))
    let news = await read(2, from: board.news(after: seen))
    #expect(numbers(news) == [seen.number + 1, seen.number + 2])
  }

  @Test("who was away for too long, or comes from another board, is told everything")
  func resets() async {
    let board = Facts.board()
    let seen = board.snapshot.id
    for _ in 0..<3000 { board.post(.received(party: 0, bytes: 1)) }
    let now = board.snapshot
    for last in [seen, ChangeID(board: seen.board &+ 1, number: 3000), ChangeID(board: seen.board, number: 9000)] {
      #expect(await read(1, from: board.news(after: last)) == [.change(now.id, .reset(now.status))])
    }
  }

  @Test("a reader that does not read holds nobody up, keeps no more than its backlog, and then sees a gap")
  func slow() async throws {
    let board = Facts.board()
    let stream = board.news()
    for _ in 0..<100_000 { board.post(.received(party: 0, bytes: 1)) }
    #expect(board.status.parties[0].bytesUp == 100_000)
    var events = EventStream(board)
    _ = try events.event(for: .change(ChangeID(board: 1, number: 0), .reset(board.status)))
    let news = await read(StatusBoard.backlog, from: stream)
    #expect(numbers(news) == Array((100_001 - StatusBoard.backlog)...100_000))
    // Of the gap the reader is told by one event that has everything; what it holds is not told again.
    let told = try news.compactMap { try events.event(for: $0)?.name }
    #expect(told == ["reset"])
  }

  @Test("a heartbeat reaches every reader and is no change")
  func heartbeat() async {
    let board = Facts.board()
    let streams = [board.news(), board.news()]
    board.beat()
    for stream in streams { #expect(await read(2, from: stream).last == .heartbeat) }
    #expect(board.snapshot.id.number == 0)
  }

  @Test("a reader that is gone is forgotten")
  func leaves() async {
    let board = Facts.board()
    let task = Task { for await _ in board.news() {} }
    while board.readerCount == 0 { await Task.yield() }
    task.cancel()
    await task.value
    #expect(board.readerCount == 0)
  }

  @Test("a watched store keeps what it is given, and the board has it only once it is kept")
  func watched() async throws {
    let board = Facts.board()
    let memory = InMemoryStore()
    let store = board.watching(memory)
    try await store.append(.runStarted(algorithm: "fedavg", clients: 3, parameterCount: 6))
    let checkpoint = Checkpoint(
      progress: RoundStateMachine.Progress(), parameters: try Facts.parameters(), state: [Int]())
    try await store.record(
      RoundRecord(round: 1, trainLoss: 0, seconds: 0, evaluationSeconds: 0, bytesUp: 0, bytesDown: 0),
      saving: checkpoint)
    #expect(memory.entries.count == 2)
    #expect(board.status.run.algorithm == "fedavg" && board.status.run.parameters == 6)
    #expect(board.status.model == .init(round: 0, parameters: 6))
    #expect(try await store.checkpoint(of: [Int].self)?.parameters == checkpoint.parameters)
    await #expect(throws: Full.self) { try await board.watching(Full()).append(.roundStarted(round: 2, cohort: 3)) }
    #expect(board.status.state.round == 1)
  }

  /// A store that can keep nothing.
  private struct Full: Store, Error {
    func append(_ entry: JournalEntry) throws { throw self }
    func record<State>(_ round: RoundRecord, saving checkpoint: Checkpoint<State>) throws { throw self }
    func checkpoint<State>(of type: State.Type) throws -> Checkpoint<State>? { throw self }
    func history() throws -> RunHistory { throw self }
  }

  @Test("a change's place is read back from its text, and from no other", arguments: ["", "1", "x-1", "1--1", "1-2-3"])
  func identifiers(_ wrong: String) {
    let id = ChangeID(board: .max, number: 12)
    #expect(ChangeID(id.description) == id)
    #expect(ChangeID(wrong) == nil)
  }
}
