package import FluxionCalculus
import SwiftProtobuf

/// Who a client is and what it has, as its hello tells.
package struct Introduction: Hashable, Sendable {
  package var name: String
  /// The run that it took part in before.
  package var run: String?
  package var samples: Int
  package var exampleShape: Shape
  /// nil where targets are numbers.
  package var classCount: Int?
  /// A task that need not be sent again.
  package var taskInHand: UInt64?
  /// The place among the parties that the client wants; nil for any.
  package var place: Int?

  package init(
    name: String, run: String? = nil, samples: Int, exampleShape: Shape, classCount: Int?, taskInHand: UInt64? = nil,
    place: Int? = nil
  ) {
    self.name = name
    self.run = run
    self.samples = samples
    self.exampleShape = exampleShape
    self.classCount = classCount
    self.taskInHand = taskInHand
    self.place = place
  }

  package var message: Fluxion_V1_Hello {
    .with {
      $0.protocolVersion = WireLimits.protocolVersion
      $0.run = run ?? ""
      $0.name = name
      $0.samples = UInt64(max(samples, 0))
      $0.exampleShape = exampleShape.dimensions.map { UInt64(max($0, 0)) }
      $0.classes = UInt64(max(classCount ?? 0, 0))
      $0.programFormat = UInt32(Program.formatVersion)
      $0.taskInHand = taskInHand ?? 0
      if let place { $0.place = UInt64(max(place, 0)) }
    }
  }

  /// - Throws: ``FluxionError/Code/unsupported`` for another version, ``FluxionError/Code/corruptData`` for anything
  ///   that no client says.
  package init(_ message: Fluxion_V1_Hello) throws(FluxionError) {
    guard message.protocolVersion == WireLimits.protocolVersion else {
      throw FluxionError(
        .unsupported,
        "this server speaks version \(WireLimits.protocolVersion) of the protocol, the client version "
          + "\(message.protocolVersion); use the same release on both sides")
    }
    guard message.programFormat >= UInt32(Program.formatVersion) else {
      throw FluxionError(
        .unsupported,
        "this server writes programs in format \(Program.formatVersion), the client reads up to "
          + "\(message.programFormat); use the same release on both sides")
    }
    name = try Wire.text(message.name, upTo: WireLimits.nameByteCount, "a party's name")
    guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw FluxionError(.corruptData, "a party's name is not empty and has no control characters")
    }
    let run = try Wire.text(message.run, upTo: WireLimits.runByteCount, "a run's name")
    self.run = run.isEmpty ? nil : run
    samples = try Wire.integer(message.samples, in: 1...Int(Int32.max), "the number of samples")
    try Wire.count(message.exampleShape.count, upTo: WireLimits.rank, "axes of an example")
    var dimensions: [Int] = []
    var size = 1
    for extent in message.exampleShape {
      let extent = try Wire.integer(extent, in: 1...Int(Int32.max), "an axis of an example")
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Int(Int32.max) else {
        throw FluxionError(.corruptData, "an example has up to \(Int32.max) features")
      }
      dimensions.append(extent)
      size = product
    }
    exampleShape = Shape(dimensions)
    let classes = try Wire.integer(message.classes, in: 0...Int(Int32.max), "the number of classes")
    classCount = classes == 0 ? nil : classes
    taskInHand = message.taskInHand == 0 ? nil : message.taskInHand
    place = message.hasPlace ? try Wire.integer(message.place, in: 0...Int(Int32.max), "a place") : nil
  }
}
