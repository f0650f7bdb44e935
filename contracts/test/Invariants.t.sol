// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {Vm} from "./Vm.sol";

/// Writes to the registry as few keys on few models, so that they meet, and remembers what has to be true.
/// Every call is made whether it is allowed or not; the model here decides which it is.
contract Handler {
    struct Expected {
        bytes32 manifest;
        uint8 status;
    }

    struct Model {
        uint32 newest;
        uint8 status;
        uint32[] versions;
    }

    uint256 internal constant DEADLINE = type(uint256).max;

    Vm internal immutable VM;
    ChunkedModelRegistry public immutable REGISTRY;

    uint256[4] internal keys = [uint256(0xa11ce), 0xb0b, 0xca201, 0xd0d0];
    string[3] internal names = ["a", "b", "an-id-that-is-longer-than-a-single-word"];

    mapping(uint256 publisher => mapping(uint256 name => Model)) internal modelsOf;
    mapping(uint256 publisher => mapping(uint256 name => mapping(uint32 version => Expected))) internal expected;
    mapping(uint256 publisher => uint256) internal controllerOf;
    mapping(uint256 publisher => uint256) internal pendingOf;
    mapping(uint256 publisher => mapping(uint256 who => bool)) internal operatorOf;
    mapping(uint256 publisher => uint64) public nonceOf;
    mapping(uint256 publisher => uint256) public registered;

    uint256 public calls;
    uint256 public versionsTold;
    uint256 public versionsDone;
    uint256 public statusesTold;
    uint256 public statusesDone;
    string public wrong;

    constructor(Vm vm_, ChunkedModelRegistry registry) {
        VM = vm_;
        REGISTRY = registry;
        for (uint256 i = 0; i < 4; ++i) {
            controllerOf[i] = i;
            pendingOf[i] = type(uint256).max;
        }
    }

    function addressOf(uint256 who) public view returns (address) {
        return VM.addr(keys[who]);
    }

    function versionCount(uint256 publisher, uint256 name) external view returns (uint256) {
        return modelsOf[publisher][name].versions.length;
    }

    function nameOf(uint256 name) external view returns (string memory) {
        return names[name];
    }

    function model(uint256 publisher, uint256 name) external view returns (uint32 newest, uint8 status) {
        return (modelsOf[publisher][name].newest, modelsOf[publisher][name].status);
    }

    function version(uint256 publisher, uint256 name, uint256 place)
        external
        view
        returns (uint32 number, bytes32 manifest, uint8 status)
    {
        number = modelsOf[publisher][name].versions[place];
        Expected storage want = expected[publisher][name][number];
        return (number, want.manifest, want.status);
    }

    function controller(uint256 publisher) external view returns (address) {
        return addressOf(controllerOf[publisher]);
    }

    // ------------------------------------------------------------------------------------------------- calls

    function publish(uint256 caller, uint256 publisher, uint256 name, uint32 step, uint256 seed) external {
        (caller, publisher, name) = (mostlyController(caller, publisher % 4), publisher % 4, name % 3);
        uint32 number = pick(publisher, name, step);
        bytes memory head = abi.encodePacked(hex"a76176016263745820", keccak256(abi.encode(seed % 8)), seed % 8);
        bool allowed = mayPublish(publisher, caller) && fresh(publisher, name, number);
        bool done = act(caller, abi.encodeCall(REGISTRY.publish, (addressOf(publisher), names[name], number, head)));
        check(done == allowed, "publish");
        if (done) published(publisher, name, number, sha256(head));
    }

    function publishBySig(uint256 signer, uint256 publisher, uint256 name, uint32 step, uint256 seed) external {
        (signer, publisher, name) = (signer % 4, publisher % 4, name % 3);
        uint32 number = pick(publisher, name, step);
        bytes memory head = abi.encodePacked(hex"a76176016263745820", keccak256(abi.encode(seed % 8)), seed % 8);
        bool allowed = mayPublish(publisher, signer) && fresh(publisher, name, number);
        bytes memory call_ = signedVersion(signer, publisher, name, number, head);
        bool done = act(seed % 4, call_);
        check(done == allowed, "publishBySig");
        if (done) published(publisher, name, number, sha256(head));
    }

    function setStatus(uint256 caller, uint256 publisher, uint256 name, uint256 place, uint8 status) external {
        (caller, publisher, name) = (mostlyController(caller, publisher % 4), publisher % 4, name % 3);
        // A fourth of the statuses is out of range; a fourth of the places means the whole model.
        status %= 4;
        uint32 number = existing(publisher, name, place);
        bool allowed = caller == controllerOf[publisher] && mayChange(publisher, name, number, status);
        bytes memory call_ =
            abi.encodeCall(REGISTRY.setStatus, (addressOf(publisher), names[name], number, status, "why"));
        bool done = act(caller, call_);
        check(done == allowed, "setStatus");
        if (done) changed(publisher, name, number, status);
    }

    function setStatusBySig(uint256 signer, uint256 publisher, uint256 name, uint256 place, uint8 status) external {
        (signer, publisher, name) = (mostlyController(signer, publisher % 4), publisher % 4, name % 3);
        status %= 4;
        uint32 number = existing(publisher, name, place);
        bool allowed = signer == controllerOf[publisher] && mayChange(publisher, name, number, status);
        bytes memory call_ = signedStatus(signer, publisher, name, number, status);
        bool done = act(place % 4, call_);
        check(done == allowed, "setStatusBySig");
        if (done) {
            ++nonceOf[publisher];
            changed(publisher, name, number, status);
            // The same message once more must do nothing.
            check(!act(place % 4, call_), "setStatusBySig again");
        }
    }

    function sendEther(uint256 caller, uint256 publisher, uint32 step) external {
        (caller, publisher) = (mostlyController(caller, publisher % 4), publisher % 4);
        bytes memory head = abi.encodePacked(hex"a76176016263745820", keccak256("ether"));
        bytes memory call_ =
            abi.encodeCall(REGISTRY.publish, (addressOf(publisher), names[0], pick(publisher, 0, step), head));
        VM.deal(addressOf(caller), 1 ether);
        VM.prank(addressOf(caller));
        (bool done,) = address(REGISTRY).call{value: 1}(step % 3 == 0 ? bytes("") : call_);
        check(!done, "sendEther");
    }

    function signedVersion(uint256 signer, uint256 publisher, uint256 name, uint32 number, bytes memory head)
        internal
        view
        returns (bytes memory)
    {
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Publish(address publisher,string modelId,uint32 version,bytes32 manifest,uint256 deadline)"),
                addressOf(publisher),
                keccak256(bytes(names[name])),
                number,
                sha256(head),
                DEADLINE
            )
        );
        bytes memory signature = sign(signer, message);
        address who = addressOf(signer);
        return abi.encodeCall(
            REGISTRY.publishBySig, (addressOf(publisher), names[name], number, head, DEADLINE, who, signature)
        );
    }

    function signedStatus(uint256 signer, uint256 publisher, uint256 name, uint32 number, uint8 status)
        internal
        view
        returns (bytes memory)
    {
        uint256 nonce = nonceOf[publisher];
        bytes32 message = keccak256(
            abi.encode(
                keccak256(
                    "SetStatus(address publisher,string modelId,uint32 version,uint8 status,string reason,uint256 nonce,uint256 deadline)"
                ),
                addressOf(publisher),
                keccak256(bytes(names[name])),
                number,
                status,
                keccak256("why"),
                nonce,
                DEADLINE
            )
        );
        bytes memory signature = sign(signer, message);
        return abi.encodeCall(
            REGISTRY.setStatusBySig,
            (addressOf(publisher), names[name], number, status, "why", nonce, DEADLINE, signature)
        );
    }

    function proposeController(uint256 caller, uint256 publisher, uint256 to) external {
        (caller, publisher, to) = (caller % 4, publisher % 4, to % 4);
        bytes memory call_ = abi.encodeCall(REGISTRY.proposeController, (addressOf(publisher), addressOf(to)));
        bool done = act(caller, call_);
        check(done == (caller == controllerOf[publisher]), "proposeController");
        if (done) pendingOf[publisher] = to;
    }

    function acceptController(uint256 caller, uint256 publisher) external {
        (caller, publisher) = (caller % 4, publisher % 4);
        bool done = act(caller, abi.encodeCall(REGISTRY.acceptController, (addressOf(publisher))));
        check(done == (pendingOf[publisher] == caller), "acceptController");
        if (!done) return;
        controllerOf[publisher] = caller;
        pendingOf[publisher] = type(uint256).max;
        ++nonceOf[publisher];
        for (uint256 i = 0; i < 4; ++i) {
            operatorOf[publisher][i] = false;
        }
    }

    function setOperator(uint256 caller, uint256 publisher, uint256 who, bool allowed) external {
        (caller, publisher, who) = (caller % 4, publisher % 4, who % 4);
        bytes memory call_ = abi.encodeCall(REGISTRY.setOperator, (addressOf(publisher), addressOf(who), allowed));
        bool done = act(caller, call_);
        check(done == (caller == controllerOf[publisher]), "setOperator");
        if (done) operatorOf[publisher][who] = allowed;
    }

    // ------------------------------------------------------------------------------------------------- model

    function mayPublish(uint256 publisher, uint256 who) public view returns (bool) {
        return who == controllerOf[publisher] || operatorOf[publisher][who];
    }

    function fresh(uint256 publisher, uint256 name, uint32 number) internal view returns (bool) {
        Model storage m = modelsOf[publisher][name];
        return m.status != 2 && number > m.newest && number - m.newest <= 65_536;
    }

    function mayChange(uint256 publisher, uint256 name, uint32 number, uint8 status) internal view returns (bool) {
        Model storage m = modelsOf[publisher][name];
        if (m.newest == 0 || status > 2) return false;
        if (number != 0 && expected[publisher][name][number].manifest == 0) return false;
        uint8 current = number == 0 ? m.status : expected[publisher][name][number].status;
        return current != 2 && current != status;
    }

    function mostlyController(uint256 caller, uint256 publisher) internal view returns (uint256) {
        return caller % 8 < 5 ? controllerOf[publisher] : caller % 4;
    }

    /// Mostly the next number, at times one that stands, was skipped, or is too far away.
    function pick(uint256 publisher, uint256 name, uint32 step) internal view returns (uint32) {
        uint32 newest = modelsOf[publisher][name].newest;
        if (step % 8 == 0) return newest == 0 ? 0 : step % (newest + 1);
        if (step % 8 == 1) return newest + 65_536 + (step >> 3) % 2;
        if (step % 8 == 2) return newest + 2 + (step >> 3) % 40;
        // Statuses of versions 128 apart must not meet.
        if (step % 8 == 3) return newest + 128;
        return newest + 1;
    }

    function existing(uint256 publisher, uint256 name, uint256 place) internal view returns (uint32) {
        uint32[] storage list = modelsOf[publisher][name].versions;
        if (list.length == 0 || place % 4 == 0) return 0;
        if (place % 16 == 1) return list[list.length - 1] + 1;
        // The newest few, so that changes meet.
        uint256 back = place / 16 % (list.length < 3 ? list.length : 3);
        return list[list.length - 1 - back];
    }

    function published(uint256 publisher, uint256 name, uint32 number, bytes32 manifest) internal {
        Model storage m = modelsOf[publisher][name];
        if (m.newest == 0) ++registered[publisher];
        m.newest = number;
        m.versions.push(number);
        expected[publisher][name][number].manifest = manifest;
        ++versionsDone;
    }

    function changed(uint256 publisher, uint256 name, uint32 number, uint8 status) internal {
        if (number == 0) modelsOf[publisher][name].status = status;
        else expected[publisher][name][number].status = status;
        ++statusesDone;
    }

    function act(uint256 caller, bytes memory call_) internal returns (bool done) {
        ++calls;
        VM.recordLogs();
        VM.prank(addressOf(caller));
        (done,) = address(REGISTRY).call(call_);
        Vm.Log[] memory logs = VM.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == ChunkedModelRegistry.VersionPublished.selector) ++versionsTold;
            if (logs[i].topics[0] == ChunkedModelRegistry.StatusChanged.selector) ++statusesTold;
        }
    }

    function sign(uint256 who, bytes32 message) internal view returns (bytes memory) {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", REGISTRY.domainSeparator(), message));
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(keys[who], digest);
        return abi.encodePacked(r, s, v);
    }

    function check(bool fact, string memory what) internal {
        if (!fact) wrong = what;
    }
}

contract InvariantsTest is RegistryTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new Handler(vm, registry);
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory list) {
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = Handler.publish.selector;
        selectors[1] = Handler.publish.selector;
        selectors[2] = Handler.publish.selector;
        selectors[3] = Handler.publishBySig.selector;
        selectors[4] = Handler.setStatus.selector;
        selectors[5] = Handler.setStatus.selector;
        selectors[6] = Handler.setStatusBySig.selector;
        selectors[7] = Handler.proposeController.selector;
        selectors[8] = Handler.acceptController.selector;
        selectors[9] = Handler.setOperator.selector;
        selectors[10] = Handler.sendEther.selector;
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(handler), selectors);
    }

    /// What is allowed happens and what is not does not, call by call.
    function invariant_calls_do_what_the_rules_say() public view {
        vm.assertEq(bytes(handler.wrong()).length, 0);
    }

    /// No record changes or vanishes, no status comes back from revoked, and nobody else's write shows.
    function invariant_records_stand_as_they_were_written() public view {
        for (uint256 publisher = 0; publisher < 4; ++publisher) {
            address who = handler.addressOf(publisher);
            for (uint256 name = 0; name < 3; ++name) {
                uint256 count = handler.versionCount(publisher, name);
                (uint32 newest, uint8 modelStatus) = handler.model(publisher, name);
                for (uint256 place = 0; place < count; ++place) {
                    (uint32 number, bytes32 manifest, uint8 status) = handler.version(publisher, name, place);
                    ChunkedModelRegistry.Record memory found = registry.record(who, handler.nameOf(name), number);
                    vm.assertEq(found.manifest, manifest);
                    vm.assertEq(found.newest, newest);
                    vm.assertEq(found.modelStatus, modelStatus);
                    vm.assertEq(found.versionStatus, status);
                }
            }
        }
    }

    function invariant_counts_equal_events_and_lists() public view {
        vm.assertEq(handler.versionsTold(), handler.versionsDone());
        vm.assertEq(handler.statusesTold(), handler.statusesDone());
        for (uint256 publisher = 0; publisher < 4; ++publisher) {
            (, uint256 total) = registry.models(handler.addressOf(publisher), 0, 0);
            vm.assertEq(total, handler.registered(publisher));
        }
    }

    function invariant_namespaces_are_whose_they_should_be() public view {
        for (uint256 publisher = 0; publisher < 4; ++publisher) {
            (address controller,,,, uint64 nonce) = registry.namespaceOf(handler.addressOf(publisher));
            vm.assertEq(controller, handler.controller(publisher));
            vm.assertEq(nonce, handler.nonceOf(publisher));
            for (uint256 who = 0; who < 4; ++who) {
                vm.assertEq(
                    registry.mayPublish(handler.addressOf(publisher), handler.addressOf(who)),
                    handler.mayPublish(publisher, who)
                );
            }
        }
    }

    function invariant_no_ether_is_held() public view {
        vm.assertEq(address(registry).balance, 0);
    }
}
