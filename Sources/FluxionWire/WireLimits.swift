import FluxionCalculus

/// What a message from outside may not exceed, whatever it says.
package enum WireLimits {
  /// The version of the protocol that this build speaks.
  package static let protocolVersion: UInt32 = 1
  /// One message, encoded; the transport refuses larger ones unread.
  package static let messageByteCount = 4 << 20
  /// The data of one chunk.
  package static let chunkByteCount = 1 << 20
  /// A frame of HTTP/2. There is one stream a connection, so that nobody waits behind a large one, and a frame costs as
  /// much however long it is; by default it would have 16 KiB.
  package static let frameByteCount = 1 << 20
  /// The part of an update that must arrive in a time of its own.
  package static let partByteCount = 64 << 10
  /// Bodies of up to so many bytes are sent within the message that declares them: a message more is most of what a small
  /// body costs.
  package static let inlineByteCount = 16 << 10
  /// A program's binary form.
  package static let programByteCount = messageByteCount - 1024
  /// Names of parties, hyperparameters, figures and vectors.
  package static let nameByteCount = 128
  package static let reasonByteCount = 1024
  /// The secret of a join token; anything longer is none.
  package static let secretByteCount = 64
  /// An answer that holds two certificates.
  package static let credentialByteCount = 64 << 10
  package static let runByteCount = 64
  package static let rank = 8
  /// Columns of a table, texts of a column, classes.
  package static let columns = 65_536
  package static let figures = 256
  /// Vectors beside an update, and the values of all of them.
  package static let vectors = 64
  package static let vectorValues = 1 << 18
  /// The Euclidean norm of such a vector: inner products of two stay finite in single precision.
  package static let vectorNorm = 1e18
  package static let hyperparameters = 256
  package static let stateTensors = 65_536
  /// Programs of a task: one for each size of a batch.
  package static let programs = 16
  package static let rounds = 1 << 31
  package static let epochs = 1 << 20
  /// Of a model, and few enough that sizes in bytes cannot overflow.
  package static let parameters = 1 << 34
}

/// Reads numbers and texts that may be anything.
enum Wire {
  static func integer(_ value: UInt64, in range: ClosedRange<Int>, _ what: String) throws(FluxionError) -> Int {
    guard let number = Int(exactly: value), range.contains(number) else {
      throw FluxionError(.corruptData, "\(what) is from \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
    return number
  }

  static func text(_ value: String, upTo limit: Int, _ what: String) throws(FluxionError) -> String {
    guard value.utf8.count <= limit else {
      throw FluxionError(.corruptData, "\(what) has up to \(limit) bytes, not \(value.utf8.count)")
    }
    return value
  }

  static func finite<Number: BinaryFloatingPoint>(_ value: Number, _ what: String) throws(FluxionError) -> Number {
    guard value.isFinite else { throw FluxionError(.corruptData, "\(what) is a finite number, not \(value)") }
    return value
  }

  static func count(_ count: Int, upTo limit: Int, _ what: String) throws(FluxionError) {
    guard count <= limit else { throw FluxionError(.corruptData, "there are up to \(limit) \(what), not \(count)") }
  }
}

extension String {
  /// The text cut to so many bytes of UTF-8, between characters.
  package func cut(toBytes limit: Int) -> String {
    var text = self
    while text.utf8.count > limit { text.removeLast() }
    return text
  }
}
