import Foundation
import Testing

@testable import FluxionCalculus

@Suite("Program listing")
struct ProgramListingTests {
  private func layer() throws -> Program {
    try Program.trace([.input("x", [32, 784]), .input("w", [784, 10]), .input("a \"name\"", .scalar)]) { x in
      let logits = relu(matmul(x[0], x[1])) * x[2]
      return [logits.sum(axes: [1]), matmul(logits, logits, transposeA: true) * 0.5]
    }
  }

  @Test("is text that one can read")
  func text() throws {
    #expect(
      try layer().description == """
        program(x: float32[32, 784], w: float32[784, 10], %2 "a \\"name\\"": float32[]) {
          %3 = matmul x, w : float32[32, 10]
          %4 = relu %3 : float32[32, 10]
          %5 = multiply %4, %2 : float32[32, 10]
          %6 = reduceSum %5 {axes [1]} : float32[32]
          %7 = matmul %5, %5 {Aᵀ} : float32[10, 10]
          %8 = literal 0.5 : float32[]
          %9 = multiply %7, %8 : float32[10, 10]
          return %6, %9
        }
        """)
  }

  @Test("calls inputs by number where names are missing or not their own")
  func names() throws {
    let program = try Program.trace([.input("x", [1]), .input("x", [1]), .input("", [1])]) { [$0[0] + $0[1], $0[2]] }
    #expect(
      program.description == """
        program(%0 "x": float32[1], %1 "x": float32[1], %2 "": float32[1]) {
          %3 = add %0, %1 : float32[1]
          return %3, %2
        }
        """)
  }

  @Test("tells operators apart by their attributes")
  func attributes() throws {
    var operations: [String: Set<FluxionCalculus.Operation>] = [:]
    for row in OperatorCase.all {
      for instruction in try row.program().pullback().instructions {
        // Long literals are cut short.
        if case .literal = instruction.operation { continue }
        let text = "\(instruction.operation.name) \(instruction.operation.attributes) : \(instruction.type)"
        operations[text, default: []].insert(instruction.operation)
      }
    }
    #expect(operations.count > 100)
    for (text, operations) in operations { #expect(operations.count == 1, "\(text) is any of \(operations)") }
  }

  @Test("is a graph in the DOT language")
  func graph() throws {
    let graph = try layer().graphviz()
    #expect(graph.hasPrefix("digraph program {\n"))
    #expect(graph.hasSuffix("}\n"))
    #expect(graph.contains("v2 [label=\"a \\\"name\\\"\", shape=ellipse];"))
    #expect(graph.contains("v3 [label=\"matmul\"];"))
    #expect(graph.contains("v0 -> v3 [label=\"float32[32, 784]\"];"))
    #expect(graph.contains("v9 -> output1 [label=\"float32[10, 10]\"];"))
  }

  @Test(
    "is a graph that Graphviz draws", .enabled(if: Graphviz.isInstalled, "Graphviz is not installed"),
    arguments: ["plain", "quote \" backslash \\ \\", "line\nbreak", "<html>", "日本語 🎈", ""])
  func drawing(_ name: String) throws {
    let program = try Program.trace([.input(name, [2, 3]), .input("w", [3])]) { [softmax($0[0] * $0[1]).mean()] }
    #expect(try Graphviz.accepts(program.valueAndGradient().graphviz()))
  }
}

/// The `dot` command.
private enum Graphviz {
  private static let path = ["/usr/bin/dot", "/usr/local/bin/dot", "/opt/homebrew/bin/dot"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  static var isInstalled: Bool { path != nil }

  static func accepts(_ graph: String) throws -> Bool {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("fluxion-\(UUID().uuidString).dot")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(graph.utf8).write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path ?? "")
    process.arguments = ["-Tsvg", file.path, "-o", file.path + ".svg"]
    defer { try? FileManager.default.removeItem(atPath: file.path + ".svg") }
    let complaints = Pipe()
    process.standardError = complaints
    try process.run()
    let text = complaints.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 && text.isEmpty
  }
}
