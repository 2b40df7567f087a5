import Fleet
import Foundation
import Testing

@testable import Images

/// What archives of container images contain, and which image is taken.
@Suite struct ContainerLayoutTests {
    private let sample: SampleLayout

    init() throws { sample = try SampleLayout() }

    private func taken(_ reference: String? = nil, _ platform: String? = nil) throws -> String {
        let choice = ContainerChoice(reference: reference, platform: platform.flatMap(ContainerPlatform.init))
        return try choice.image(of: sample.layout().images, in: "x.tar").image.digest
    }

    private func refusal(_ reference: String? = nil, _ platform: String? = nil) throws -> String {
        let error = #expect(throws: ImageLacks.self) { try taken(reference, platform) }
        return error?.description ?? ""
    }

    private var host: String { ContainerPlatform.host.architecture }

    /// buildx adds this for each image. OCI's own form has no platform, and is recognisable only by its layers.
    private func attestation(of digest: String, isNamed: Bool) throws -> String {
        let config = try sample.blob(
            #"{"architecture":"unknown","os":"unknown","rootfs":{"type":"layers","diff_ids":[]}}"#)
        let layer = try sample.blob("{}", "application/vnd.in-toto+json")
        let manifest = try sample.blob(#"{"schemaVersion":2,"config":{\#(config)},"layers":[{\#(layer)}]}"#)
        return !isNamed
            ? manifest
            : manifest + "," + SampleLayout.platform("unknown/unknown")
                + #","annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"\#(digest)"}"#
    }

    @Test(arguments: [false, true], [false, true])
    func `an attestation is not an image, in an index of its own or not, named as one or not`(
        isNested: Bool, isNamed: Bool
    ) throws {
        let image = try sample.image("layer", host)
        let attested = try attestation(of: image.digest, isNamed: isNamed)
        let named = image.descriptor + "," + SampleLayout.name("docker.io/library/node:1")
        if isNested {
            let index = try sample.blob(sample.index([image.descriptor, attested]))
            try sample.finish([index + "," + SampleLayout.name("docker.io/library/node:1")])
        } else {
            try sample.finish([named, attested])
        }
        let images = try sample.layout().images
        #expect(images.map(\.digest) == [image.digest] && images.first?.names == ["docker.io/library/node:1"])
        #expect(try taken() == image.digest)
    }

    @Test
    func `this host's platform is the default, others are chosen by name, missing ones give a list`()
        throws
    {
        let other = host == "amd64" ? "arm64" : "amd64"
        let (foreign, own) = (try sample.image("foreign", other), try sample.image("own", host))
        for isNested in [false, true] {
            let manifests = [
                foreign.descriptor + "," + SampleLayout.platform("linux/\(other)"),
                own.descriptor + "," + SampleLayout.platform("linux/\(host)"),
            ]
            try sample.finish(isNested ? [try sample.blob(sample.index(manifests))] : manifests)
            #expect(try taken() == own.digest)
            #expect(try taken(nil, "linux/\(other)") == foreign.digest && taken(nil, other) == foreign.digest)
            let note = try ContainerChoice().image(of: sample.layout().images, in: "x").note
            #expect(note?.contains("--platform") == true && note?.contains("linux/\(other)") == true)
            let text = try refusal(nil, "linux/riscv64")
            #expect(text.contains("linux/\(other)") && text.contains("linux/\(host)"), "\(text)")
        }
        // The only one is taken, whatever its platform; the root itself shows its architecture.
        try sample.finish([foreign.descriptor])
        #expect(try taken() == foreign.digest)
    }

    @Test func `variants that every machine runs come first, and others are a choice`() throws {
        let images = try ["v6", "v7"].map {
            try sample.image($0, "arm").descriptor + "," + SampleLayout.platform("linux/arm/\($0)")
        }
        try sample.finish(images)
        let text = try refusal()
        #expect(
            text.contains("linux/arm/v6") && text.contains("linux/arm/v7") && text.contains("--platform"),
            "\(text)")
        #expect(try taken(nil, "linux/arm/v7") == sample.image("v7", "arm").digest)
        let plain = try sample.image("plain", host)
        let newer = try sample.image("newer", host)
        try sample.finish([
            newer.descriptor + "," + SampleLayout.platform("linux/\(host)/v3"),
            plain.descriptor + "," + SampleLayout.platform("linux/\(host)"),
        ])
        #expect(try taken() == plain.digest && taken(nil, "linux/\(host)/v3") == newer.digest)
    }

    @Test func `among several images one is chosen by name, tag or digest, else all are listed`() throws {
        let (one, two) = (try sample.image("one", host), try sample.image("two", host))
        try sample.finish([
            one.descriptor + "," + SampleLayout.name("docker.io/library/node:1"),
            two.descriptor + "," + SampleLayout.name("registry.example:5000/team/node:latest"),
        ])
        let text = try refusal()
        #expect(text.contains("--reference") && text.contains("docker.io/library/node:1"), "\(text)")
        #expect(
            text.contains("registry.example:5000/team/node:latest") && text.contains(one.digest.prefix(19)))
        for name in [
            "docker.io/library/node:1", "node:1", "1", one.digest, String(one.digest.dropFirst(7).prefix(12)),
        ] {
            #expect(try taken(name) == one.digest, "\(name)")
        }
        for name in ["registry.example:5000/team/node", "team/node", "node", "latest"] {
            #expect(try taken(name) == two.digest, "\(name)")
        }
        #expect(try refusal("node:2").contains("node:1"))
        #expect(try taken("library/node") == one.digest)
        // Two tags of one image are one image.
        try sample.finish([
            one.descriptor + "," + SampleLayout.name("node:1"),
            one.descriptor + "," + SampleLayout.name("node:latest"),
        ])
        #expect(
            try taken() == one.digest && sample.layout().images.first?.names == ["node:1", "node:latest"])
    }

    /// diffoci#247, containerd#11344, kind#3795: `docker save` lists all platforms, but saves only the one that was pulled.
    @Test func `an index entry missing from the archive is not an image, and a missing layer is an error`()
        throws
    {
        let image = try sample.image("layer", host)
        let missing =
            #""digest":"\#(SampleLayout.digest("never pulled"))","size":1,\#(SampleLayout.platform("linux/riscv64"))"#
        try sample.finish([try sample.blob(sample.index([missing, image.descriptor]))])
        #expect(try taken() == image.digest)
        let found = try sample.layout().images[0]
        _ = try sample.layout().checkedLayer(found.layers[0])
        try sample.root.remove(found.layers[0].place)
        let error = #expect(throws: ImageLacks.self) { try sample.layout().checkedLayer(found.layers[0]) }
        #expect(error?.description.contains("is not in the archive") == true)
        try sample.finish([missing])
        #expect(try refusal().contains("no Linux image"))
    }

    @Test func `signatures, charts, other systems and encrypted layers are not roots`() throws {
        let image = try sample.image("layer", host)
        let others = [
            try sample.image("{}", host, mediaType: "application/vnd.dev.cosign.simplesigning.v1+json"),
            try sample.image("chart", host, mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
            try sample.image("windows", host, system: "windows"),
        ]
        try sample.finish((others + [image]).map(\.descriptor))
        #expect(try taken() == image.digest)
        try sample.finish([
            try sample.image("x", host, mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted")
                .descriptor
        ])
        #expect(try refusal().contains("encrypted"))
    }

    /// docker save 25.0.0 (moby/moby#47065).
    @Test(arguments: [#","layers":[]"#, #","layers":null"#, ""])
    func `a manifest that has lost its layers gives way to the other one`(layers: String) throws {
        let config =
            #"{"architecture":"\#(host)","os":"linux","rootfs":{"diff_ids":["\#(SampleLayout.digest("one"))"]}}"#
        let manifest = #"{"schemaVersion":2,"config":{\#(try sample.blob(config))}\#(layers)}"#
        try sample.finish([try sample.blob(manifest, "application/vnd.oci.image.manifest.v1+json")])
        let name = "blobs/sha256/\(SampleLayout.digest(config).dropFirst(7))"
        _ = try sample.blob("one")
        let layer = "blobs/sha256/\(SampleLayout.digest("one").dropFirst(7))"
        try sample.root.put(
            "manifest.json", #"[{"Config":"\#(name)","RepoTags":["node:1"],"Layers":["\#(layer)"]}]"#)
        let image = try #require(try sample.layout().images.first)
        #expect(image.names == ["node:1"] && image.layers.map(\.place) == [layer])
    }

    @Test func `the format of docker save before version 25 is read, even with several images`() throws {
        func put(_ number: Int, _ layer: String) throws -> String {
            let config =
                #"{"architecture":"\#(host)","os":"linux","rootfs":{"diff_ids":["\#(SampleLayout.digest(layer))"]}}"#
            let name = SampleLayout.digest(config).dropFirst(7)
            try sample.root.put("\(name).json", config)
            try sample.root.put("\(number)/layer.tar", layer)
            return
                #"{"Config":"\#(name).json","RepoTags":["node:\#(number)"],"Layers":["\#(number)/layer.tar"]}"#
        }
        let listed = [try put(1, "one"), try put(2, "two")]
        try sample.root.put("manifest.json", "[\(listed[0])]")
        let image = try sample.layout().images[0]
        #expect(image.names == ["node:1"] && image.layers.map(\.place) == ["1/layer.tar"])
        #expect(try sample.layout().checkedLayer(image.layers[0]) == "\(sample.path)/1/layer.tar")
        try sample.root.put("manifest.json", "[\(listed.joined(separator: ","))]")
        #expect(try refusal().contains("node:2"))
        #expect(try taken("node:1") == image.digest)
        // Identical layers are links to a single one.
        try sample.root.remove("1/layer.tar")
        try sample.root.put("3/layer.tar", "one")
        try sample.root.link("1/layer.tar", to: "../3/layer.tar")
        #expect(try sample.layout().checkedLayer(image.layers[0]) == "\(sample.path)/3/layer.tar")
        try sample.root.remove("1/layer.tar")
        try sample.root.link("1/layer.tar", to: "/etc/passwd")
        #expect(throws: ImageLacks.self) { try sample.layout().checkedLayer(image.layers[0]) }
        try sample.root.remove("1/layer.tar")
        try sample.root.put("1/layer.tar", "onf")
        let error = #expect(throws: ImageLacks.self) { try sample.layout().checkedLayer(image.layers[0]) }
        #expect(error?.description.contains("damaged") == true)
    }

    /// A layer of `docker save` before 1.10.
    private func putChained(_ digit: Character, above parent: Character? = nil, in root: SampleRoot) throws {
        let id = String(repeating: digit, count: 64)
        let below = parent.map { #""parent":"\#(String(repeating: $0, count: 64))","# } ?? ""
        try root.put("\(id)/VERSION", "1.0")
        try root.put(
            "\(id)/json", #"{"id":"\#(id)",\#(below)"architecture":"\#(host)","os":"linux","Size":5}"#)
        try root.put("\(id)/layer.tar", "layer \(digit)")
    }

    @Test func `the format of docker save before version 1.10 is read by its parents, and chosen by tag`()
        throws
    {
        func id(_ digit: Character) -> String { String(repeating: digit, count: 64) }
        let root = sample.root
        // Names say nothing about the order.
        try putChained("c", in: root)
        try putChained("a", above: "c", in: root)
        try putChained("b", above: "a", in: root)
        try root.put("repositories", #"{"team/node":{"1":"\#(id("b"))","latest":"\#(id("b"))"}}"#)
        #expect(ContainerLayout.isLayout(sample.path))
        let image = try sample.layout().images[0]
        #expect(image.names == ["team/node:1", "team/node:latest"] && image.digest == id("b"))
        let places = (["c", "a", "b"] as [Character]).map { "\(id($0))/layer.tar" }
        #expect(image.layers.map(\.place) == places)
        #expect(try sample.layout().checkedLayer(image.layers[0]) == "\(sample.path)/\(id("c"))/layer.tar")
        #expect(image.platform?.description == "linux/\(host)")
        #expect(try taken() == id("b"))
        // Another image on the same layers, and a named layer below.
        try putChained("d", above: "c", in: root)
        try root.put(
            "repositories",
            #"{"team/node":{"1":"\#(id("b"))"},"registry:5000/x":{"2":"\#(id("d"))"},"base":{"3":"\#(id("c"))","4":"\#(id("e"))"}}"#
        )
        let text = try refusal()
        for name in ["team/node:1", "registry:5000/x:2", "base:3"] { #expect(text.contains(name), "\(text)") }
        #expect(!text.contains("base:4"), "\(text)")
        #expect(try taken("node:1") == id("b") && taken("registry:5000/x") == id("d"))
        #expect(try taken("dddddddddddd") == id("d") && taken("3") == id("c"))
        #expect(try refusal("node:2").contains("team/node:1"))
        // Saved by its number, an image has no name.
        try root.remove("repositories")
        for digit in "bd" { #expect(try taken(id(digit)) == id(digit)) }
        #expect(try sample.layout().images.map(\.digest) == [id("b"), id("d")])
    }

    @Test func `a chain of layers that is broken or leads round is refused`() throws {
        let root = sample.root
        try putChained("b", above: "a", in: root)
        #expect(try refusal().contains("is not in the archive"))
        try putChained("a", above: "b", in: root)
        try root.put("repositories", #"{"x":{"1":"\#(String(repeating: "a", count: 64))"}}"#)
        #expect(try refusal().contains("in a loop"))
        try root.put("repositories", "[]")
        #expect(try refusal().contains("repositories is not valid"))
        let other = try SampleRoot()
        try other.put("data/json", "{}")
        #expect(!ContainerLayout.isLayout(other.path))
    }

    /// moby#6857
    @Test(arguments: ["node:1", "team/node:1"])
    func `before Docker 1.1.2, the uppermost layer lies under the image's name`(name: String) throws {
        try putChained("a", in: sample.root)
        let (upper, lower) = (String(repeating: "b", count: 64), String(repeating: "a", count: 64))
        try sample.root.put("\(name)/json", #"{"id":"\#(upper)","parent":"\#(lower)"}"#)
        try sample.root.put("\(name)/layer.tar", "upper")
        #expect(ContainerLayout.isLayout(sample.path))
        let images = try sample.layout().images
        #expect(images.map(\.names) == [[name]] && images.map(\.digest) == [upper])
        #expect(images.first?.layers.map(\.place) == ["\(lower)/layer.tar", "\(name)/layer.tar"])
        #expect(try taken("node:1") == upper)
    }

    @Test func `a directory in skopeo's dir format is read`() throws {
        let image = try sample.image("layer", host)
        let manifest = try #require(sample.root.text("blobs/sha256/\(image.digest.dropFirst(7))"))
        let blobs = try FileManager.default.contentsOfDirectory(atPath: "\(sample.path)/blobs/sha256")
        for name in blobs { try sample.root.put(name, sample.root.text("blobs/sha256/\(name)") ?? "") }
        try sample.root.remove("blobs")
        try sample.root.put("manifest.json", manifest)
        #expect(ContainerLayout.isLayout(sample.path))
        #expect(try taken() == image.digest)
        let layer = try sample.layout().images[0].layers[0]
        #expect(
            try sample.layout().checkedLayer(layer)
                == "\(sample.path)/\(SampleLayout.digest("layer").dropFirst(7))")
    }

    @Test func `damaged and hostile indexes are refused, and reading ends`() throws {
        let image = try sample.image("layer", host)
        // An index cannot contain its own digest; but many can name the same one.
        var index = sample.index([image.descriptor])
        for _ in 0..<7 { index = sample.index(Array(repeating: try sample.blob(index), count: 8)) }
        try sample.root.put("index.json", index)
        #expect(try refusal().contains("too many manifests"))
        for digest in [
            "sha256:../../../../etc/passwd", "md5:00", "sha256:", String(repeating: "a", count: 100),
        ] {
            try sample.finish([#""digest":"\#(digest)","size":1"#])
            #expect(try refusal().contains("not a SHA-256 digest"), "\(digest)")
        }
        try sample.finish([image.descriptor])
        try sample.root.put("blobs/sha256/\(image.digest.dropFirst(7))", "{}")
        #expect(try refusal().contains("damaged"))
        for text in ["", "[", "[1]", "null", "{\"manifests\":[{}]}"] {
            try sample.root.put("index.json", text)
            #expect(throws: ImageLacks.self, "\(text)") { try taken() }
        }
        try sample.root.put("index.json", String(repeating: " ", count: 4 << 20) + "{}")
        #expect(try refusal().contains("4 MiB"))
    }

    @Test func `an image that names one layer again and again is refused before any is unpacked`() throws {
        try sample.finish([])
        let layout = try sample.layout()
        func layers(_ count: Int) throws -> Int {
            let layer = ContainerImage.Layer(place: "blobs/sha256/a", digest: nil)
            let image = ContainerImage(
                names: [], platform: nil, digest: "", layers: Array(repeating: layer, count: count))
            return try layout.layers(of: image).count
        }
        #expect(try layers(ContainerLayout.layerLimit) == ContainerLayout.layerLimit)
        #expect(throws: ImageLacks.self) { try layers(ContainerLayout.layerLimit + 1) }
    }

    @Test func `a root is not a layout, whatever else is in it`() throws {
        try sample.finish([])
        #expect(ContainerLayout.isLayout(sample.path) && ImageSource.needsMounts(sample.path))
        try sample.root.put("etc/os-release", "ID=debian\n")
        #expect(!ContainerLayout.isLayout(sample.path) && !ImageSource.needsMounts(sample.path))
    }

    @Test(arguments: [
        ("linux/arm64/v8", "linux/arm64/v8"), ("arm64", "linux/arm64"), ("linux/x86_64", "linux/amd64"),
        ("aarch64", "linux/arm64"),
    ])
    func `platforms are read as people write them`(text: String, platform: String) {
        #expect(ContainerPlatform(text)?.description == platform)
    }

    @Test(arguments: ["", "/", "linux/", "linux/arm/v7/x"])
    func `anything else is not a platform`(text: String) { #expect(ContainerPlatform(text) == nil) }
}
