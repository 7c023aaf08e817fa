import FluxionCalculus
import FluxionLearning
import Foundation
import Testing

@Suite("Models")
struct ModelTests {
  @Test(
    "by name have the published numbers of parameters",
    arguments: [
      ("cnn", 1_663_370), ("mlp", 199_210), ("mlp:200,200", 199_210), ("mlp:100", 79_510), ("logistic", 7_850),
      ("linear", 7_850), ("flatten; dense(10)", 7_850),
    ])
  func parameterCounts(_ name: String, _ count: Int) throws {
    #expect(try Model.named(name, outputs: 10).layout(input: [28, 28, 1]).count == count)
  }

  @Test("place their parameters one after the other, under numbered names")
  func layout() throws {
    let layout = try Model.cnn(classes: 10).layout(input: [28, 28, 1])
    #expect(
      layout.entries.map(\.name) == [
        "conv2d_1.filter", "conv2d_1.bias", "conv2d_2.filter", "conv2d_2.bias", "dense_1.weight", "dense_1.bias",
        "dense_2.weight", "dense_2.bias",
      ])
    #expect(layout["conv2d_2.filter"]?.shape == [5, 5, 32, 64])
    var offset = 0
    for entry in layout.entries {
      #expect(entry.range == offset..<(offset + entry.shape.count))
      offset += entry.count
    }
    #expect(offset == layout.count)
    #expect(layout["dense_3.bias"] == nil)
  }

  @Test("are built with if and for, and nest under their own names")
  func builder() throws {
    func model(_ hidden: [Int], normalized: Bool) -> Model {
      Model {
        Flatten()
        Model {
          for units in hidden {
            Dense(units)
            if normalized { LayerNorm() } else { Tanh() }
            ReLU()
          }
        }
        Dense(2)
      }
    }
    #expect(
      try model([3, 4], normalized: true).layout(input: [2]).entries.map(\.name) == [
        "model_1.dense_1.weight", "model_1.dense_1.bias", "model_1.layer_norm_1.scale", "model_1.layer_norm_1.offset",
        "model_1.dense_2.weight", "model_1.dense_2.bias", "model_1.layer_norm_2.scale", "model_1.layer_norm_2.offset",
        "dense_1.weight", "dense_1.bias",
      ])
    #expect(
      ModelSpecification(model([3], normalized: false)).text == "flatten; model(dense(3); tanh; relu); dense(2)")
    #expect(try Model([]).layout(input: [3]).count == 0)
  }

  @Test("name the layer that cannot take its input")
  func mismatch() {
    let model = Model {
      Conv2D(filters: 2, kernel: 3);
      Model {
        ReLU(); MaxPool2D(9)
      }
    }
    let message = message { try model.layout(input: [8, 8, 1]) }
    #expect(message?.hasPrefix("model_1: max_pool2d_1: ") == true, "\(message ?? "")")
    #expect(message?.contains("9×9") == true)
  }

  @Test("name the layer also when they are traced with parameters that do not fit")
  func parameterMismatch() {
    let message = message {
      try Program.trace([.input("x", [2, 4]), .input("w", [3, 3]), .input("b", [3])]) { tensors in
        var context = LayerContext(isTraining: false)
        return [Model { Dense(3) }(tensors[0], parameters: Array(tensors[1...]), context: &context)]
      }
    }
    #expect(message?.hasPrefix("dense_1 takes parameters") == true, "\(message ?? "")")
  }

  @Test("begin with parameters that are a function of the key alone")
  func initialParameters() throws {
    let model = Model.mlp(hidden: [5], classes: 3)
    let first = try model.initialParameters(input: [4], key: RandomKey(seed: 1))
    #expect(try model.initialParameters(input: [4], key: RandomKey(seed: 1)) == first)
    #expect(try model.initialParameters(input: [4], key: RandomKey(seed: 2)) != first)
    #expect(first["dense_1.weight"]?.count == 20)
    #expect(first["dense_1.bias"] != first["dense_2.bias"])
  }

  @Test(
    "are refused with the nearest name, or the reason",
    arguments: [
      ("mpl", "\"mlp\""), ("CNN5", "\"cnn\""), ("mlp:200,x", "whole numbers"), ("mlp:", "whole numbers"),
      ("mlp:-1", "whole numbers"), ("cnn:3", "no settings"), ("flaten; dense(3)", "\"flatten\""),
      ("dense()", "needs units"), ("dense(3, 4)", "too many"), ("dense(3, initialiser=zeros)", "\"initializer\""),
      ("dense(3, initializer=glorot)", "\"glorot-uniform\""), ("dense(x)", "whole number"), ("dense(3", "parentheses"),
      ("dense(3))", "parentheses"), ("dense(3)x;", "after its closing"), ("dense(3);;relu", "use one of"),
      ("dense(3, bias=maybe)", "true or false"), ("conv2d(3, 3, padding=full)", "valid or same"),
      ("dense(units=3, units=4)", "twice"), ("dense(,)", "empty argument"), ("", "use one of linear"),
      (String(repeating: "model(", count: 40) + String(repeating: ")", count: 40), "deep"),
    ])
  func refusals(_ text: String, _ part: String) {
    let message = message { try Model.named(text, outputs: 10) }
    #expect(message?.contains(part) == true, "\(message ?? "")")
  }
}

@Suite("Parameters")
struct ParametersTests {
  let layout = try? Model.mlp(hidden: [2], classes: 2).layout(input: [3])

  @Test("are encoded with their layout and read back equal")
  func coding() throws {
    let parameters = try Model.mlp(hidden: [2], classes: 2).initialParameters(input: [3], key: RandomKey(seed: 5))
    let data = try JSONEncoder().encode(parameters)
    #expect(try JSONDecoder().decode(Parameters.self, from: data) == parameters)
  }

  @Test(
    "of another number, or of a layout that cannot be, are refused",
    arguments: [
      #"{"layout": [{"name": "w", "shape": [2]}], "values": [1]}"#,
      #"{"layout": [{"name": "w", "shape": [2]}, {"name": "w", "shape": [2]}], "values": [1, 2, 3, 4]}"#,
      #"{"layout": [{"name": "w", "shape": [-1]}], "values": []}"#,
      #"{"layout": [{"name": "w", "shape": [4611686018427387904, 4]}], "values": []}"#,
    ])
  func malformed(_ json: String) {
    #expect(throws: FluxionError.self) { try JSONDecoder().decode(Parameters.self, from: Data(json.utf8)) }
  }

  @Test("are read and set by name")
  func names() throws {
    var parameters = Parameters(zerosFor: try #require(layout))
    try parameters.set("dense_1.bias", to: [1, 2])
    #expect(parameters["dense_1.bias"].map(Array.init) == [1, 2])
    #expect(parameters.values.count { $0 != 0 } == 2)
    #expect(message { try parameters.set("dense_1.bais", to: [1, 2]) }?.contains("\"dense_1.bias\"") == true)
    #expect(message { try parameters.set("dense_1.bias", to: [1]) }?.contains("2 values") == true)
  }
}
