import FluxionCalculus
import FluxionData
import Foundation
import Testing

@Suite("CSV")
struct CSVTests {
  static let people = """
    age,city,income,label
    30,Rome,1.5e3,yes
    40,"Paris, FR",,no
    ,Rome,500,yes
    50,?,1000,no

    """

  @Test("makes one feature a number column, one a category, fills gaps with the mean, and sorts class names")
  func reads() throws {
    let data = try Dataset.csv(text: Self.people, name: "people")
    #expect(data.exampleShape == [4])
    #expect(
      data.all.features() == [
        30, 0, 1, 1500,  //
        40, 1, 0, 1000,  //
        40, 0, 1, 500,  //
        50, 0, 0, 1000,
      ])
    #expect(data.targets == .classes(labels: [1, 0, 1, 0], classCount: 2, classNames: ["no", "yes"]))
    #expect(data.columns.map(\.name) == ["age", "city", "income"])
    #expect(data.columns.map(\.features) == [0..<1, 1..<3, 3..<4])
    #expect(data.columns[1].categories?.names == ["", "Paris, FR", "Rome"])
    #expect(data.labelColumn == "label")
  }

  @Test("fills gaps with zero, or refuses them with line and column")
  func missing() throws {
    let zero = try Dataset.csv(text: Self.people, name: "p", options: CSVOptions(missing: .zero))
    #expect(zero.all.features()[8] == 0)
    let error = fluxionError { try Dataset.csv(text: Self.people, name: "p", options: CSVOptions(missing: .error)) }
    #expect(error?.message == "p, line 4, column \"age\": the value is missing")
    let city = fluxionError {
      try Dataset.csv(
        text: Self.people, name: "p", options: CSVOptions(missing: .error, excludedColumns: ["age", "income"]))
    }
    #expect(city?.message == "p, line 5, column \"city\": the value is missing")
    let empty = try Dataset.csv(text: "a,b,y\n1,,1.5\n2,,2.5\n", name: "p")
    #expect(empty.all.features() == [1, 0, 2, 0])
  }

  @Test(
    "gives the same data for every way to write it",
    arguments: [
      "a,b,y\n1,x,0.5\n2,z,1.5\n", "a,b,y\r\n1,x,0.5\r\n2,z,1.5\r\n", "a,b,y\n1,x,0.5\n2,z,1.5",
      "a,b,y\r1,x,0.5\r2,z,1.5\r", "\u{FEFF}a,b,y\n1,x,0.5\n2,z,1.5\n", "\n\na,b,y\n\n1,x,0.5\n2,z,1.5\n\n\n",
      "\"a\",\"b\",\"y\"\n\"1\",\"x\",\"0.5\"\n\"2\",\"z\",\"1.5\"\n", " a , b,\ty\n 1,x , 0.5\n2,\"z\" ,1.5 \n",
      "a,b,y\n+1.0,x,.5\n2.,z,15e-1\n",
    ])
  func writings(_ text: String) throws {
    let data = try Dataset.csv(text: text, name: "p")
    #expect(data.all.features() == [1, 1, 0, 2, 0, 1])
    #expect(data.targets == .values([0.5, 1.5]))
    #expect(data.columns.map(\.name) == ["a", "b"])
  }

  @Test("keeps delimiters, quotes and line ends inside quotes")
  func quoting() throws {
    let text = "t,y\n\"a,\"\"b\"\"\",1\n\"c\nd\",2\n\"\",3\n\"\"\"\",1\n"
    let data = try Dataset.csv(text: text, name: "p")
    #expect(data.columns[0].categories?.names == ["", "\"", "a,\"b\"", "c\nd"])
    #expect(data.targets == .classes(labels: [0, 1, 2, 0], classCount: 3, classNames: ["1", "2", "3"]))
  }

  @Test("takes another delimiter, and no header")
  func otherForms() throws {
    let data = try Dataset.csv(
      text: "1;2,5;u\n3;4;v\n", name: "p", options: CSVOptions(delimiter: ";", hasHeader: false))
    #expect(data.columns.map(\.name) == ["column 1", "column 2"])
    #expect(data.labelColumn == "column 3")
    #expect(data.columns[1].categories?.names == ["2,5", "4"])
    #expect(try Dataset.csv(text: "a\ty\n1\t.5\n", name: "p", options: CSVOptions(delimiter: "\t")).count == 1)
    for delimiter in ["\"", "\n", "\r\n", "é"] as [Character] {
      let error = fluxionError { try Dataset.csv(text: "a", name: "p", options: CSVOptions(delimiter: delimiter)) }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test("takes the usual names for the label, in their order, else the last column, or what is asked")
  func labelColumn() throws {
    func label(_ header: String, _ options: CSVOptions = CSVOptions()) throws -> String? {
      try Dataset.csv(text: header + "\n1,2,3\n4,5,6\n", name: "p", options: options).labelColumn
    }
    #expect(try label("y,Label,c") == "Label")
    #expect(try label("class,target,c") == "target")
    #expect(try label("a,class,y") == "class")
    #expect(try label("y,b,c") == "y")
    #expect(try label("a,b,c") == "c")
    #expect(try label("a,b,label", CSVOptions(labelColumn: "a")) == "a")
  }

  @Test("tells classes from values")
  func targetKinds() throws {
    func targets(_ values: [String], _ kind: CSVOptions.TargetKind = .automatic, name: String = "y") throws -> Targets {
      let rows = values.map { "0,\($0)\n" }.joined()
      return try Dataset.csv(text: "a,\(name)\n\(rows)", name: "p", options: CSVOptions(targetKind: kind)).targets
    }
    let ten = (0..<40).map { String($0 % 10) }
    #expect(try targets(ten).classCount == 10)
    #expect(try targets(["10", "2", "2"]) == .classes(labels: [1, 0, 0], classCount: 2, classNames: ["2", "10"]))
    #expect(try targets(["1", "2", "3"]) == .values([1, 2, 3]))
    #expect(try targets(["1.5", "1.5", "2"]) == .values([1.5, 1.5, 2]))
    #expect(try targets((0..<100).map { String($0 / 2) }) == .values((0..<100).map { Float($0 / 2) }))
    #expect(try targets((0..<100).map { String($0 / 2) }, name: "label").classCount == 50)
    #expect(try targets(ten, .values).classCount == nil)
    #expect(
      try targets(["1.5", "2"], .classes) == .classes(labels: [0, 1], classCount: 2, classNames: ["1.5", "2"]))
    #expect(try targets(["1", "2", "x"], .classes).classCount == 3)
    #expect(try targets(["a", "b"]).classCount == 2)
    #expect(
      fluxionError { try targets(["1", "a", "b"], .values) }?.message.contains("line 3, column \"y\": \"a\"") == true)
  }

  @Test("keeps excluded columns for partitions, and takes numbers as text where asked")
  func excluded() throws {
    let text = "id,site,x,label\n1,10,0.5,a\n2,9,1.5,b\n3,10,2.5,a\n4,,3.5,b\n"
    let data = try Dataset.csv(text: text, name: "p", options: CSVOptions(excludedColumns: ["id", "site"]))
    #expect(data.exampleShape == [1])
    let partition = try data.partitioned(.column("site"))
    #expect(partition.names == ["", "9", "10"])
    #expect(partition.map { Array($0.indices) } == [[3], [1], [0, 2]])
    let codes = try Dataset.csv(
      text: text, name: "p", options: CSVOptions(excludedColumns: ["id"], categoricalColumns: ["site"]))
    #expect(codes.exampleShape == [3])
    #expect(codes.all.features() == [0, 1, 0.5, 1, 0, 1.5, 0, 1, 2.5, 0, 0, 3.5])
    let numbers = try Dataset.csv(text: text, name: "p").partitioned(.column("id"))
    #expect(numbers.names == ["1", "2", "3", "4"])
  }

  static let faults: [(text: String, sentence: String)] = [
    ("", "p is empty"),
    ("\n\n", "p is empty"),
    ("a,b\n", "no rows"),
    ("a,b,y\n1,2,3\n1,2\n", "p, line 3: the row has 2 fields, the first line has 3"),
    ("a,b,y\n\n\"1\n1\",2,3\n1,2,3,4\n", "p, line 5: the row has 4 fields"),
    ("age,y\n1,0.5\n2,0.5\n3,0.5\n4,0.5\n5,0.5\nabc,0.5\n", "p, line 7, column \"age\": \"abc\" is not a number"),
    ("age,y\n1,0.5\n2,0.5\ninf,0.5\n", "p, line 4, column \"age\": \"inf\" is not a number"),
    ("age,y\n1,0.5\n2,0.5\n1e39,0.5\n", "p, line 4, column \"age\": \"1e39\" is not a number"),
    ("age,y\n1,0.5\n2,0.5\n0x10,0.5\n", "\"0x10\" is not a number"),
    ("a,y\n1,2\n1,\n", "p, line 3, column \"y\": the value is missing"),
    ("a,y\n1,u\n1,NA\n", "p, line 3, column \"y\": the value is missing"),
    ("a,b,a\n1,2,3\n", "columns 1 and 3 are both called \"a\""),
    ("a,y\n\"1,2\n", "p, line 2: a quoted field is never closed"),
    ("a,y\n\"1\"x,2\n", "p, line 2: text follows the closing quote"),
    ("y\n1\n2\n", "no column left for features"),
  ]

  @Test("says what is wrong, with line and column", arguments: faults)
  func refusals(_ text: String, _ sentence: String) {
    let error = fluxionError { try Dataset.csv(text: text, name: "p") }
    #expect(error?.code == .corruptData)
    #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "no error")")
  }

  @Test("names the nearest column where there is none of that name")
  func unknownColumns() {
    for options in [
      CSVOptions(labelColumn: "lable"), CSVOptions(excludedColumns: ["lable"]),
      CSVOptions(categoricalColumns: ["lable"]),
    ] {
      let error = fluxionError { try Dataset.csv(text: Self.people, name: "p", options: options) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains("no column \"lable\"; did you mean \"label\"?") == true)
    }
  }

  @Test("refuses a column of too many texts rather than fill the memory")
  func tooManyCategories() {
    let text = "id,y\n" + (0..<2000).map { "n\($0),0.5\n" }.joined()
    let error = fluxionError { try Dataset.csv(text: text, name: "p") }
    #expect(error?.message.contains("column \"id\": 2000 distinct texts") == true)
  }

  @Test("never traps, whatever is cut off or changed")
  func hostile() {
    let bytes = Array(Self.people.utf8)
    for length in bytes.indices {
      _ = fluxionError { try Dataset.csv(bytes: Array(bytes[..<length]), path: "p", name: "p", options: CSVOptions()) }
    }
    var draws = RandomKey(seed: 8).generator()
    let alphabet = Array("\",;\n\r 1.e-+NaN?x\u{FEFF}".utf8) + [0, 0xFF, 0xC3]
    for _ in 0..<5_000 {
      var changed = bytes
      for _ in 0..<1 + draws.next() % 4 {
        changed[Int(draws.next() % UInt64(changed.count))] = alphabet[Int(draws.next() % UInt64(alphabet.count))]
      }
      do {
        let data = try Dataset.csv(bytes: changed, path: "p", name: "p", options: CSVOptions())
        let features = data.all.features()
        #expect(features.allSatisfy { $0.isFinite })
      } catch {
        #expect(error is FluxionError)
      }
    }
  }

  @Test("reads files, packed or not, and calls the dataset after them")
  func files() throws {
    try withTemporaryDirectory { directory in
      for (name, bytes) in [
        ("people.csv", Array(Self.people.utf8)), ("people.csv.gz", gzipped(Array(Self.people.utf8))),
      ] {
        let path = directory + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let data = try Dataset.csv(path)
        #expect(data.name == "people")
        #expect(data.count == 4)
      }
      #expect(fluxionError { try Dataset.csv(directory + "/none.csv") }?.code == .notFound)
      #expect(fluxionError { try Dataset.csv(directory) }?.message.contains("is a directory") == true)
    }
  }
}
