import FluxionCalculus
import FluxionData
import Foundation
import Testing

@Suite("The data directory")
struct DataDirectoryTests {
  @Test("is the given one, then the environment's, then the cache")
  func order() {
    #if os(Linux)
    let directory = DataDirectory(
      "/given", environment: ["FLUXION_DATA": "/env", "XDG_CACHE_HOME": "/cache", "HOME": "/home/x"])
    #expect(directory.paths == ["/given", "/env", "/cache/fluxion"])
    #expect(DataDirectory(nil, environment: ["HOME": "/home/x"]).paths == ["/home/x/.cache/fluxion"])
    #expect(
      DataDirectory("", environment: ["HOME": "/home/x", "FLUXION_DATA": "", "XDG_CACHE_HOME": "relative"]).paths
        == ["/home/x/.cache/fluxion"])
    #endif
    #expect(DataDirectory("/given", environment: [:]).destination(of: "mnist") == "/given/mnist")
  }

  @Test("says how to get what is not there")
  func missing() {
    let error = fluxionError {
      try Dataset.mnist(in: DataDirectory("/nonexistent", environment: ["XDG_CACHE_HOME": "/none", "HOME": "/none"]))
    }
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("fluxion data fetch mnist") == true)
    #expect(error?.message.contains("/nonexistent") == true)
  }

  @Test("finds the four files in a folder of the dataset's name, or directly")
  func finds() throws {
    for folder in ["mnist/", ""] {
      try withTemporaryDirectory { root in
        try FileManager.default.createDirectory(atPath: root + "/mnist", withIntermediateDirectories: true)
        for (name, bytes) in ImageDirectoryTests.files {
          try Data(gzipped(bytes)).write(to: URL(fileURLWithPath: root + "/" + folder + name + ".gz"))
        }
        #expect(try Dataset.mnist(in: DataDirectory(root, environment: [:])).train.count == 3)
      }
    }
  }
}
