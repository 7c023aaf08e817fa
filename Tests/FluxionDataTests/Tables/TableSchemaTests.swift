import FluxionCalculus
@testable import FluxionData
import Foundation
import Testing

@Suite("How a table becomes features, told to others")
struct TableSchemaTests {
  private static let reference = """
    age,sex,blood,outcome
    30,f,a,ill
    40,m,b,well
    50,f,0,dead
    60,m,a,well

    """

  private func file(_ text: String) throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: "schema-\(UUID()).csv")
    try Data(text.utf8).write(to: url)
    return url.path
  }

  private func features(_ data: Dataset) -> [[Float]] {
    (0..<data.count).map { row in
      let stored = data.features.base.assumingMemoryBound(to: Float.self)
      return (0..<data.featureCount).map { stored[row * data.featureCount + $0] }
    }
  }

  private func schema() throws -> TableSchema {
    let data = try Dataset.csv(text: Self.reference, name: "reference", options: CSVOptions(labelColumn: "outcome"))
    return try #require(try data.normalized(by: data.all.standardization()).tableSchema)
  }

  @Test("a table that is read by its own schema is as it was")
  func itself() throws {
    let path = try file(Self.reference)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = try Dataset.csv(path, options: CSVOptions(labelColumn: "outcome"))
    let schema = try #require(data.tableSchema)
    let again = try Dataset.csv(path, as: schema)
    #expect(features(again) == features(data))
    #expect(again.targets == data.targets)
    #expect(again.exampleShape == data.exampleShape)
    #expect(try Dataset.csvCount(path) == 4)
  }

  @Test("another table gets the same features and classes, whatever its own texts and order of columns")
  func another() throws {
    let path = try file("outcome,blood,note,age,sex\nwell,a,x,20,m\nill,rare,y,,f\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let schema = try schema()
    let data = try Dataset.csv(path, as: schema)
    // age; f, m; 0, a, b.
    #expect(features(data) == [[20, 0, 1, 0, 1, 0], [45, 1, 0, 0, 0, 0]])
    #expect(data.targets == .classes(labels: [2, 1], classCount: 3, classNames: ["dead", "ill", "well"]))
    #expect(data.normalization == schema.normalization)
  }

  @Test("classes that are numbers are found however they are written, and values stay values")
  func numbers() throws {
    let numbers = try Dataset.csv(text: "x,class\n1,0\n2,1\n3,0\n", name: "n")
    let path = try file("x,class\n5,1.0\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(
      try Dataset.csv(path, as: #require(numbers.tableSchema)).targets
        == .classes(labels: [1], classCount: 2, classNames: ["0", "1"]))
    let values = try Dataset.csv(
      text: "x,class\n1,0.5\n2,1\n3,0\n", name: "n", options: CSVOptions(targetKind: .values))
    #expect(try Dataset.csv(path, as: #require(values.tableSchema)).targets == .values([1]))
  }

  @Test(
    "what does not fit the schema is refused with line and column",
    arguments: [
      ("age,sex,blood\n1,f,a\n", "no column \"outcome\""), ("age,sex,outcome\n1,f,ill\n", "no column \"blood\""),
      ("age,sex,blood,outcome\n1,f,a,cured\n", "\"cured\" is no class of the federation"),
      ("age,sex,blood,outcome\nold,f,a,ill\n", "texts, where numbers"),
      ("age,sex,blood,outcome\n1,f,a,\n", "line 2, column \"outcome\": the value is missing"),
    ])
  func misfits(text: String, part: String) throws {
    let path = try file(text)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let schema = try schema()
    let error = #expect(throws: FluxionError.self) { try Dataset.csv(path, as: schema) }
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
  }

  @Test("images have no schema")
  func images() throws { #expect(try Dataset.digits().tableSchema == nil) }
}
