public import FluxionCoordination
public import FluxionLearning
public import Foundation
import Synchronization

/// Where a run is posted for people to look at: takes facts, hands out how things stand and a stream of what changes.
///
/// Posting never waits for a reader. A reader that falls behind misses changes and is then told everything at once.
///
/// ```swift
/// let board = StatusBoard(.init(name: "digits", rounds: 40), parties: ["hospital-a", "hospital-b"])
/// let coordinator = try Coordinator(
///   algorithm, configuration, transport: transport, clock: WallClock(), store: board.watching(store))
/// Task { for await event in transport.events { board.post(event) } }
/// try await Dashboard(board, Dashboard.Configuration(token: token)).run()
/// ```
public final class StatusBoard: Sendable {
  private let contents: Mutex<Contents>
  private let id: UInt64
  private let now: @Sendable () -> Date

  private struct Contents {
    var ledger: StatusLedger
    var model: PublishedModel?
    /// Changes that there were.
    var number = 0
    /// The latest, ascending.
    var recent: [(number: Int, change: StatusChange)] = []
    var readers: [Int: AsyncStream<StatusNews>.Continuation] = [:]
    var lastReader = 0
  }

  /// Changes that are kept for readers who come back.
  static let recentCount = 512
  /// Changes that wait for one reader.
  static let backlog = 128

  /// - Parameters:
  ///   - parties: the parties' names, by index.
  ///   - now: the clock that dates are taken from.
  public init(_ run: FederationStatus.Run, parties: [String], now: @escaping @Sendable () -> Date = { Date() }) {
    contents = Mutex(Contents(ledger: StatusLedger(FederationStatus(run: run, parties: parties, at: now()))))
    id = UInt64.random(in: 1...UInt64.max)
    self.now = now
  }

  /// A fact of the run, as it stands in the journal; a run that is taken up again posts its journal from the beginning.
  ///
  /// - Parameter date: when it was; nil for now.
  public func post(_ entry: JournalEntry, at date: Date? = nil) {
    let date = date ?? now()
    change { $0.ledger.apply(entry, at: date) }
  }

  /// Something that the transport sees.
  public func post(_ event: TransportEvent) {
    let date = now()
    change { $0.ledger.apply(event, at: date) }
  }

  /// The global model after a round, for whoever wants to have it.
  public func publish(_ parameters: Parameters, afterRound round: Int) {
    let model = PublishedModel(parameters, afterRound: round)
    change { contents in
      contents.model = model
      return contents.ledger.publish(.init(round: round, parameters: parameters.layout.count))
    }
  }

  /// The run ends for a reason that no journal tells, such as an error of this process.
  public func stop(_ reason: String) {
    let date = now()
    change { $0.ledger.stop(reason, at: date) }
  }

  /// How things stand.
  public var status: FederationStatus { contents.withLock { $0.ledger.status } }

  /// How things stand, and after which change.
  public var snapshot: (id: ChangeID, status: FederationStatus) {
    contents.withLock { (ChangeID(board: id, number: $0.number), $0.ledger.status) }
  }

  var model: PublishedModel? { contents.withLock { $0.model } }

  private func change(_ body: (inout Contents) -> [StatusChange]) {
    contents.withLock { contents in
      for change in body(&contents) {
        contents.number += 1
        contents.recent.append((contents.number, change))
        let news = StatusNews.change(ChangeID(board: id, number: contents.number), change)
        for reader in contents.readers.values { reader.yield(news) }
      }
      // In one go, rather than one at a time.
      if contents.recent.count >= 2 * Self.recentCount {
        contents.recent.removeFirst(contents.recent.count - Self.recentCount)
      }
    }
  }
}

extension StatusBoard {
  /// What changes from now on, or after the change that a reader saw last; everything first if the reader is new or has
  /// been away for too long.
  ///
  /// The stream ends when its task is cancelled. Of changes that are not read in time the oldest are left out; whoever
  /// reads sees by the numbers that some are missing, and asks for ``snapshot``.
  public func news(after last: ChangeID? = nil) -> AsyncStream<StatusNews> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: StatusNews.self, bufferingPolicy: .bufferingNewest(Self.backlog))
    let reader = contents.withLock { contents in
      if let missed = missed(after: last, contents) {
        for (number, change) in missed { continuation.yield(.change(ChangeID(board: id, number: number), change)) }
      } else {
        continuation.yield(
          .change(ChangeID(board: id, number: contents.number), .reset(contents.ledger.status)))
      }
      contents.lastReader += 1
      contents.readers[contents.lastReader] = continuation
      return contents.lastReader
    }
    continuation.onTermination = { [weak self] _ in
      self?.contents.withLock { $0.readers[reader] = nil }
    }
    return stream
  }

  /// Tells every reader that the board is there.
  public func beat() {
    contents.withLock { contents in
      for reader in contents.readers.values { reader.yield(.heartbeat) }
    }
  }

  /// How many read.
  public var readerCount: Int { contents.withLock { $0.readers.count } }

  /// The changes that a reader has not seen; nil if they are not to be had.
  private func missed(after last: ChangeID?, _ contents: Contents) -> [(number: Int, change: StatusChange)]? {
    guard let last, last.board == id, last.number <= contents.number else { return nil }
    let missed = contents.recent.filter { $0.number > last.number }
    guard missed.count == contents.number - last.number, missed.count <= Self.backlog else { return nil }
    return missed
  }

  /// A store that posts on the board what it is given to keep, once that is kept.
  public func watching(_ store: any Store) -> any Store {
    ObservedStore(store) { [self] entry in
      post(entry)
    } published: { [self] parameters, round in
      publish(parameters, afterRound: round)
    }
  }
}
