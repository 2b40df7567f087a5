import Testing

@testable import Fleet

/// Expressions of load rules: arithmetic and nothing else.
@Suite struct LoadExpressionTests {
    private static func value(_ text: String, _ figures: [LoadFigure: Double] = [:]) throws -> Double {
        try LoadExpression(text).value { figures[$0] ?? 0 }
    }

    @Test(arguments: [
        (".7", 0.7), ("7.", 7), ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("10 - 4 - 3", 3), ("16 / 4 / 2", 2),
        ("-3 + 5", 2), ("--3", 3), ("+3", 3), ("2 * -3", -6), ("min(3, 1, 2)", 1), ("max(3, 1 + 6, 2)", 7),
        ("min(5)", 5), ("max ( 1 , 2 )", 2), ("min(max(1, 9), 4) * 2", 8),
    ])
    func `arithmetic is as at school`(text: String, value: Double) throws {
        #expect(try Self.value(text) == value)
    }

    @Test func `figures have the names of LTSP-Cluster, with or without a mark`() throws {
        let figures: [LoadFigure: Double] = [
            .processorFrequency: 2_400, .processorCount: 8, .memory: 16_000_000,
        ]
        #expect(try Self.value("$CPUFREQ*$CPUCOUNT*$CPUCOUNT/120", figures) == 1_280)
        #expect(try Self.value("CPUFREQ * ${CPUCOUNT} / 100", figures) == 192)
        #expect(try Self.value("$MEMTOTAL-100000", figures) == 15_900_000)
    }

    @Test(arguments: ["1 / 0", "0 / 0", "-1 / 0", "1 / (CPUCOUNT - 8)", "min(1, 0 / 0)"])
    func `what divides by zero is a value, and stops nothing`(text: String) throws {
        let value = try Self.value(text, [.processorCount: 8])
        #expect(!value.isFinite || value == 1)
    }

    @Test(arguments: [
        "", " ", "1 +", "* 2", "(1", "1)", "1 2", "1..2", ".", "CPUS", "$", "${CPUCOUNT", "system(1)", "min",
        "min(",
        "min()", "min(1,)", "$min(1, 2)", "1; 2", "`id`", "$(id)", "import os", "__import__", "1e5", "0x10",
        "2 ** 3",
        "1 // 2", "a.b", "\"1\"", "𝟏", "1\u{0}",
        String(repeating: "(", count: 200) + "1" + String(repeating: ")", count: 200),
        String(repeating: "-", count: 100) + "1", String(repeating: "1+", count: 400) + "1",
    ])
    func `what is no expression is refused`(text: String) {
        #expect(throws: InvalidSetting.self) { try LoadExpression(text) }
    }

    @Test func `the longest and deepest expressions that are taken are worked out`() throws {
        let deep = String(repeating: "(", count: 31) + "1" + String(repeating: ")", count: 31)
        #expect(try Self.value(deep) == 1)
        let long = String(repeating: "1+", count: 255) + "1"
        #expect(try Self.value(long) == 256)
    }

    @Test func `no text makes the parser stop the server`() {
        let parts = [
            "(", ")", "+", "-", "*", "/", "min", "max", "$", "{", "}", ",", "1", ".", "CPUCOUNT", " ", "é",
            "\n",
        ]
        var dice = SeededDice(5)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0..<20, using: &dice)).map { _ in
                parts.randomElement(using: &dice) ?? ""
            }.joined()
            if let expression = try? LoadExpression(text) { _ = expression.value { _ in 0 } }
        }
    }

    // MARK: Rules

    private static func variable(
        _ figure: LoadFigure, _ weight: Int, _ capacity: String, critical: String? = nil
    ) throws -> LoadVariable {
        LoadVariable(
            figure, weight: weight, capacity: try LoadExpression(capacity),
            critical: try critical.map { try LoadExpression($0) })
    }

    @Test func `a server uses the weighted share of the capacities`() throws {
        let rule = [
            try Self.variable(.loadAverage, 50, "0.7"), try Self.variable(.sessionCount, 25, "100"),
            try Self.variable(.usedMemory, 25, "MEMTOTAL-100000"),
        ]
        func share(_ load: Double, _ sessions: Double, _ used: Double) -> Double {
            LoadJudgement(rule) { figure in
                switch figure {
                case .loadAverage: load
                case .sessionCount: sessions
                case .usedMemory: used
                case .memory: 1_100_000
                default: 0
                }
            }.share
        }
        #expect(share(0, 0, 0) == 0)
        #expect(abs(share(0.35, 50, 500_000) - 0.5) < 1e-9)
        // What is over its capacity has nothing free, and does not eat up what others have free.
        #expect(abs(share(7, 50, 500_000) - 0.75) < 1e-9)
        #expect(share(0.7, 100, 1_000_000) == 1)
        #expect(share(1.4, 200, 2_000_000) == 2)
    }

    @Test(arguments: ["0", "-5", "0/0", "CPUCOUNT-8"])
    func `a variable without a capacity has nothing free`(capacity: String) throws {
        let rule = [try Self.variable(.loadAverage, 1, capacity), try Self.variable(.sessionCount, 1, "10")]
        let judgement = LoadJudgement(rule) { [.processorCount: 8, .sessionCount: 5][$0] ?? 0 }
        #expect(judgement.share == 0.75 && judgement.critical == nil)
    }

    @Test func `a figure above its critical value is named`() throws {
        let rule = [try Self.variable(.sessionCount, 1, "10", critical: "2 * CPUCOUNT")]
        func critical(_ sessions: Double) -> LoadFigure? {
            LoadJudgement(rule) { $0 == .sessionCount ? sessions : 4 }.critical
        }
        #expect(critical(8) == nil && critical(8.5) == .sessionCount)
    }

    @Test func `rules that make no sense are refused`() throws {
        let one = try Self.variable(.loadAverage, 1, "1")
        #expect(throws: InvalidSetting.self) { try LoadVariable.check([]) }
        #expect(throws: InvalidSetting.self) { try LoadVariable.check([one, one]) }
        let wrong = try Self.variable(.loadAverage, 0, "1")
        #expect(throws: InvalidSetting.self) { try LoadVariable.check([wrong]) }
        try LoadVariable.check([one])
    }
}
