import Fluxion
import FluxionServer
@testable import FluxionTool
import Foundation
import Testing

@Suite("What a server finds again after a restart")
struct FederationFileTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-file-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test("the run keeps its name and its seats, and each opening is another life, whatever became of the last")
  func again() throws {
    try withFolder { folder in
      let first = try FederationFile(in: folder)
      try first.write([nil, Roster.Seat(name: "b", samples: 3)])
      // As if it was killed before it wrote anything.
      let second = try FederationFile(in: folder)
      let third = try FederationFile(in: folder)
      #expect([first, second, third].map(\.life) == [0, 1, 2])
      #expect(Set([first, second, third].map(\.run)).count == 1)
      #expect(third.seats == [nil, Roster.Seat(name: "b", samples: 3)])
    }
  }

  @Test("a file that is damaged or of a later release is refused, and stays as it is", arguments: ["{", "version 2"])
  func refused(_ fault: String) throws {
    try withFolder { folder in
      _ = try FederationFile(in: folder)
      let url = folder.appending(path: "federation.json")
      let sound = try String(contentsOf: url, encoding: .utf8)
      let bad = fault == "{" ? fault : sound.replacing("\"version\" : 1", with: "\"version\" : 2")
      #expect(bad != sound)
      try Data(bad.utf8).write(to: url)
      let error = #expect(throws: FluxionError.self) { try FederationFile(in: folder) }
      #expect(error?.message.contains("federation.json") == true)
      #expect(try String(contentsOf: url, encoding: .utf8) == bad)
    }
  }
}
