import FluxionCalculus
import Foundation
import Testing

/// A file of `Tests/Goldens`: numbers that independent implementations computed.
enum Golden {
  /// |actual − expected| ≤ absolute + relative · |expected|
  struct Tolerance: Decodable, Sendable {
    var absolute: Double
    var relative: Double
  }

  struct Tensor: Decodable, Sendable {
    let shape: [Int]
    let values: [Double]

    func value(_ element: ElementType = .float32) -> ReferenceValue { ReferenceValue(values, Shape(shape), element) }
  }

  static func read<Contents: Decodable>(_ name: String, as _: Contents.Type) throws -> Contents {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Goldens")
    return try JSONDecoder().decode(
      Contents.self, from: Data(contentsOf: folder.appendingPathComponent(name + ".json")))
  }

  static func expect(
    _ actual: ReferenceValue, is expected: Tensor, within tolerance: Tolerance, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard actual.shape.dimensions == expected.shape, actual.elements.count == expected.values.count else {
      Issue.record("\(what): shape \(actual.shape) is not \(expected.shape)", sourceLocation: sourceLocation)
      return
    }
    for (position, (a, e)) in zip(actual.elements, expected.values).enumerated() {
      // Written so that NaN fails.
      let holds = abs(a - e) <= tolerance.absolute + tolerance.relative * abs(e)
      #expect(holds, "\(what), element \(position): \(a) is not \(e)", sourceLocation: sourceLocation)
    }
  }
}
