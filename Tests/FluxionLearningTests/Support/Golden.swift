import FluxionCalculus
import Foundation
import Testing

/// A file of `Tests/Goldens`; how to read them is said there.
func golden<Content: Decodable>(_ topic: String, _ type: Content.Type = Content.self) throws -> Content {
  let file = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Goldens/\(topic).json")
  return try JSONDecoder().decode(Content.self, from: Data(contentsOf: file))
}

struct GoldenTensor: Decodable, Sendable {
  let shape: [Int]
  let values: [Double]

  var reference: ReferenceValue { ReferenceValue(values, Shape(shape)) }
  var labels: ReferenceValue { ReferenceValue(values, Shape(shape), .int32) }
  var floats: [Float] { values.map(Float.init) }
}

/// |actual − expected| ≤ absolute + relative · |expected|, element by element.
func expectClose(
  _ actual: [Double], _ expected: [Double], absolute: Double = 1e-12, relative: Double = 1e-10,
  _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  for (position, (a, e)) in zip(actual, expected).enumerated() where !(abs(a - e) <= absolute + relative * abs(e)) {
    Issue.record("\(what)[\(position)] is \(a), not \(e)", sourceLocation: sourceLocation)
    return
  }
}

/// The message of the error that `body` throws; nil, and a failure, if it throws none.
func message(sourceLocation: SourceLocation = #_sourceLocation, of body: () throws -> Any) -> String? {
  do {
    let result = try body()
    Issue.record("no error, but \(result)", sourceLocation: sourceLocation)
    return nil
  } catch let error as FluxionError {
    return error.message
  } catch {
    Issue.record("an error of another type: \(error)", sourceLocation: sourceLocation)
    return nil
  }
}

/// Numbers in −1 ..< 1 that are the same every time.
func someNumbers(_ shape: Shape, _ index: Int) -> ReferenceValue {
  var generator = RandomKey(seed: 11).folding("test", index).generator()
  return ReferenceValue((0..<shape.count).map { _ in 2 * generator.nextUniformDouble() - 1 }, shape)
}
