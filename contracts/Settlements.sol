// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "./base/Claims.sol";
import {Roles} from "./base/Roles.sol";
import {Succession} from "./base/Succession.sol";
import {IContributionLog} from "./interfaces/IContributionLog.sol";
import {ISettlements} from "./interfaces/ISettlements.sol";

/// @title Settlements
/// @notice See {ISettlements}.
/// @dev Who inherits says how funds come in, go back and are paid out. Invariants: a campaign's
/// `awarded + returned <= funded`; over all, `owed <= awarded`; what must be held is `funded - returned - paid`.
abstract contract Settlements is Claims, Succession {
    enum Stage {
        None,
        Raising,
        Running,
        Finalised,
        Closed
    }

    /// @dev The first slot is all that a settlement reads and writes of a campaign that nobody gave notice of. Nothing is
    /// settled while `Raising`: before the goal is reached. In the last two stages the pay is fixed for good.
    struct Campaign {
        uint120 funded;
        uint120 awarded;
        Stage stage;
        bool noticed;
        address opener;
        uint40 fundingDeadline;
        uint40 closingDate;
        uint120 goal;
        uint120 returned;
        uint40 noticedAt;
        mapping(address backer => uint256) backing;
    }

    /// @dev One slot. The times are on the clock that stands still while paused. The last proposal is pending if it was
    /// neither activated nor vetoed.
    struct Proposed {
        uint48 count;
        uint48 lastVetoed;
        uint40 pendingSince;
        uint40 vetoedAt;
    }

    /// @dev One slot: what an activation changes beside root and campaigns.
    struct Active {
        uint128 awarded;
        uint48 number;
        uint48 logSize;
    }

    /// @inheritdoc ISettlements
    uint64 public immutable SETTLEMENT_DELAY;
    /// @inheritdoc ISettlements
    uint64 public immutable GRACE;
    /// @inheritdoc ISettlements
    uint256 public constant MAX_CAMPAIGNS = 500;

    /// @dev Amounts stay below this, so that products of two fit.
    uint256 private constant AMOUNT_LIMIT = 1 << 120;
    uint64 private constant MAX_SETTLEMENT_DELAY = 90 days;

    mapping(bytes32 campaign => Campaign) private _campaigns;
    Proposed private _proposed;
    Active private _active;
    /// @dev Hash of the last proposal; it stays when it is no longer pending.
    bytes32 private _proposal;
    /// @dev Sums over all campaigns.
    uint128 private _funded;
    uint128 private _returned;

    constructor(
        IContributionLog log,
        bytes32 logId,
        address admin_,
        address reporter_,
        address guardian_,
        uint64 settlementDelay
    ) Roles(admin_, reporter_, guardian_, 2 * settlementDelay + MAX_PAUSE + 1 hours) Succession(log, logId) {
        if (settlementDelay == 0 || settlementDelay > MAX_SETTLEMENT_DELAY) revert BadSettlementDelay(settlementDelay);
        SETTLEMENT_DELAY = settlementDelay;
        GRACE = ROLE_DELAY + 2 * settlementDelay + 1 days;
    }

    // ---- campaigns ----

    /// @inheritdoc ISettlements
    function openCampaign(bytes32 charter, uint256 goal, uint64 fundingDeadline, uint64 closingDate)
        external
        returns (bytes32 campaign)
    {
        if (goal >= AMOUNT_LIMIT) revert BadAmount(goal);
        if (closingDate > type(uint40).max) revert BadDates();
        if (goal == 0) fundingDeadline = closingDate;
        if (fundingDeadline <= block.timestamp || fundingDeadline > closingDate) revert BadDates();
        campaign = keccak256(abi.encode(msg.sender, LOG_ID, charter));
        Campaign storage c = _campaigns[campaign];
        if (c.opener != address(0)) revert CampaignAlreadyOpen(campaign);
        c.opener = msg.sender;
        c.fundingDeadline = uint40(fundingDeadline);
        c.closingDate = uint40(closingDate);
        c.goal = uint120(goal);
        c.stage = goal == 0 ? Stage.Running : Stage.Raising;
        emit CampaignOpened(campaign, msg.sender, charter, goal, fundingDeadline, closingDate);
    }

    /// @inheritdoc ISettlements
    function fund(bytes32 campaign, uint256 amount) external nonReentrant {
        _fund(campaign, amount);
    }

    /// @inheritdoc ISettlements
    function refund(bytes32 campaign) external nonReentrant returns (uint256 amount) {
        Campaign storage c = _campaigns[campaign];
        uint256 backing = c.backing[msg.sender];
        if (backing == 0) revert NotBacker(campaign, msg.sender);
        bool missed = c.stage == Stage.Raising && block.timestamp > c.fundingDeadline;
        if (!missed && !_isFixed(c.stage)) revert NotRefundable(campaign);
        // A campaign that missed its goal has awarded nothing, so that its share is everything.
        amount = backing * (c.funded - c.awarded) / c.funded;
        delete c.backing[msg.sender];
        c.returned += uint120(amount);
        _returned += uint128(amount);
        emit CampaignRefunded(campaign, msg.sender, amount);
        _giveBack(msg.sender, amount);
    }

    /// @inheritdoc ISettlements
    function giveNotice(bytes32 campaign) external {
        Campaign storage c = _campaigns[campaign];
        if (c.backing[msg.sender] == 0) revert NotBacker(campaign, msg.sender);
        if (block.timestamp <= c.closingDate || c.noticed || _isFixed(c.stage)) revert NoticeNotPossible(campaign);
        uint256 clock = _clock();
        c.noticed = true;
        c.noticedAt = uint40(clock);
        emit CampaignNotice(campaign, msg.sender, _blockTimeOf(clock + GRACE));
    }

    /// @inheritdoc ISettlements
    function closeAfterGrace(
        bytes32 campaign,
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external {
        Campaign storage c = _campaigns[campaign];
        if (c.backing[msg.sender] == 0) revert NotBacker(campaign, msg.sender);
        if (_isFixed(c.stage)) revert CampaignIsFinal(campaign);
        _requireGraceOver(campaign, c);
        if (_isPending()) {
            _requirePending(number, proposalHash(number, parent, root, logSize, campaigns, totals, finals));
            for (uint256 i = 0; i < campaigns.length; ++i) {
                if (campaigns[i] == campaign) revert CampaignIsPending(campaign);
            }
        }
        c.stage = Stage.Closed;
        emit CampaignClosed(campaign, msg.sender, c.awarded);
    }

    // ---- settlements ----

    /// @inheritdoc ISettlements
    function propose(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external onlyRole(Role.Reporter) whenNotPaused {
        uint256 last = _proposed.count;
        if (_isPending()) revert SettlementIsPending(last);
        if (number != last + 1) revert WrongNumber(number, last + 1);
        if (parent != _active.number) revert WrongParent(parent, _active.number);
        uint256 anchored = CONTRIBUTION_LOG.size(currentLog);
        if (logSize < _active.logSize || logSize > anchored) revert WrongLogSize(logSize, _active.logSize, anchored);
        _requireTotals(campaigns, totals, finals);
        bytes32 proposal = proposalHash(number, parent, root, logSize, campaigns, totals, finals);
        _proposal = proposal;
        _proposed.count = uint48(number);
        _proposed.pendingSince = uint40(_clock());
        emit SettlementProposed(number, parent, root, logSize, proposal, campaigns, totals, finals);
    }

    /// @inheritdoc ISettlements
    function activate(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external whenNotPaused {
        bytes32 proposal = proposalHash(number, parent, root, logSize, campaigns, totals, finals);
        _requirePending(number, proposal);
        uint256 readyAt = _blockTimeOf(_proposed.pendingSince + SETTLEMENT_DELAY);
        if (block.timestamp < readyAt) revert DelayNotOver(readyAt);

        uint256 growth = _award(campaigns, totals, finals);
        uint256 totalAwarded = _active.awarded + growth;
        // The casts are exact: all awards together are below 2**120, log sizes below 2**48.
        _active = Active({awarded: uint128(totalAwarded), number: uint48(number), logSize: uint48(logSize)});
        _owed += uint120(growth);
        _root = root;
        emit SettlementActivated(number, proposal, root, totalAwarded);
    }

    /// @inheritdoc ISettlements
    function veto(uint256 number, string calldata reason) external onlyRole(Role.Guardian) {
        bytes32 proposal = _proposal;
        _requirePending(number, proposal);
        _proposed.lastVetoed = uint48(number);
        _proposed.vetoedAt = uint40(_clock());
        emit SettlementVetoed(number, proposal, reason);
    }

    // ---- views ----

    /// @inheritdoc ISettlements
    function campaignOf(bytes32 campaign) external view returns (CampaignRecord memory) {
        Campaign storage c = _campaigns[campaign];
        return CampaignRecord({
            opener: c.opener,
            goal: c.goal,
            fundingDeadline: c.fundingDeadline,
            closingDate: c.closingDate,
            funded: c.funded,
            awarded: c.awarded,
            returned: c.returned,
            noticedAt: c.noticedAt,
            goalReached: c.stage != Stage.None && c.funded >= c.goal,
            finalised: c.stage == Stage.Finalised,
            closed: c.stage == Stage.Closed
        });
    }

    /// @inheritdoc ISettlements
    function backingOf(bytes32 campaign, address backer) external view returns (uint256) {
        return _campaigns[campaign].backing[backer];
    }

    /// @inheritdoc ISettlements
    function pending() external view returns (uint256 number, bytes32 proposal, uint256 readyAt) {
        if (!_isPending()) return (0, 0, 0);
        return (_proposed.count, _proposal, _blockTimeOf(_proposed.pendingSince + SETTLEMENT_DELAY));
    }

    /// @inheritdoc ISettlements
    function count() external view returns (uint256) {
        return _proposed.count;
    }

    /// @inheritdoc ISettlements
    function lastActivated() external view returns (uint256 number, bytes32 root, uint256 logSize) {
        return (_active.number, _root, _active.logSize);
    }

    /// @inheritdoc ISettlements
    function books() public view returns (uint256 funded, uint256 returned, uint256 awarded, uint256 paid) {
        return (_funded, _returned, _active.awarded, _active.awarded - _owed);
    }

    /// @inheritdoc ISettlements
    function proposalHash(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(number, parent, root, logSize, campaigns, totals, finals));
    }

    // ---- what a pool adds ----

    /// @dev Takes exactly `amount` from `backer`, or reverts.
    function _collect(address backer, uint256 amount) internal virtual;

    /// @dev Gives `amount` back to `backer`, or reverts.
    function _giveBack(address backer, uint256 amount) internal virtual;

    // ---- inner ----

    /// @dev Call it under the reentrancy guard only.
    function _fund(bytes32 campaign, uint256 amount) internal {
        Campaign storage c = _campaigns[campaign];
        if (c.stage == Stage.None) revert CampaignNotOpen(campaign);
        if (block.timestamp > c.fundingDeadline || _isFixed(c.stage)) revert FundingIsOver(campaign);
        if (amount == 0 || amount >= AMOUNT_LIMIT) revert BadAmount(amount);
        uint256 sum = _funded + amount;
        // All that stayed or was paid lies below the limit, so every campaign's funds and all awards together do too.
        if (sum > type(uint128).max || sum - _returned >= AMOUNT_LIMIT) revert BadAmount(amount);
        uint256 totalFunded = c.funded + amount;
        c.funded = uint120(totalFunded);
        if (c.stage == Stage.Raising && totalFunded >= c.goal) c.stage = Stage.Running;
        c.backing[msg.sender] += amount;
        _funded = uint128(sum);
        emit CampaignFunded(campaign, msg.sender, amount, totalFunded);
        _collect(msg.sender, amount);
    }

    /// @dev What the pool must hold beside what a running batch has booked and not paid yet.
    function _mustHold() internal view returns (uint256) {
        return uint256(_funded) - _returned - _active.awarded + _owed;
    }

    /// @inheritdoc Claims
    function _totalAwarded() internal view override returns (uint256) {
        return _active.awarded;
    }

    /// @dev Reverts unless the lists are well formed and each total is one that its campaign can bear.
    function _requireTotals(bytes32[] calldata campaigns, uint256[] calldata totals, bool[] calldata finals)
        private
        view
    {
        if (campaigns.length > MAX_CAMPAIGNS) revert BadLength();
        if (campaigns.length != totals.length || campaigns.length != finals.length) revert BadLength();
        bytes32 previous = 0;
        for (uint256 i = 0; i < campaigns.length; ++i) {
            bytes32 campaign = campaigns[i];
            if (campaign <= previous) revert NotAscending(campaign);
            previous = campaign;
            Campaign storage c = _campaigns[campaign];
            Stage stage = c.stage;
            if (stage == Stage.None) revert CampaignNotOpen(campaign);
            if (_isFixed(stage)) revert CampaignIsFinal(campaign);
            uint256 limit = stage == Stage.Running ? c.funded : 0;
            if (totals[i] < c.awarded || totals[i] > limit) revert WrongTotal(campaign, totals[i], c.awarded, limit);
        }
    }

    /// @dev Writes what `_requireTotals` admitted; returns the sum by which the awards grew.
    function _award(bytes32[] calldata campaigns, uint256[] calldata totals, bool[] calldata finals)
        private
        returns (uint256 growth)
    {
        for (uint256 i = 0; i < campaigns.length; ++i) {
            Campaign storage c = _campaigns[campaigns[i]];
            growth += totals[i] - c.awarded;
            c.awarded = uint120(totals[i]);
            if (finals[i]) c.stage = Stage.Finalised;
            if (c.noticed) c.noticedAt = uint40(_clock());
        }
    }

    function _isPending() private view returns (bool) {
        uint256 last = _proposed.count;
        return last != _active.number && last != _proposed.lastVetoed;
    }

    function _requirePending(uint256 number, bytes32 proposal) private view {
        if (!_isPending() || number != _proposed.count || proposal != _proposal) revert NotPending(number, proposal);
    }

    function _requireGraceOver(bytes32 campaign, Campaign storage c) private view {
        if (!c.noticed) revert GraceNotOver(campaign, type(uint256).max);
        uint256 begin = c.noticedAt > _proposed.vetoedAt ? c.noticedAt : _proposed.vetoedAt;
        uint256 closableAt = _blockTimeOf(begin + GRACE);
        if (block.timestamp < closableAt) revert GraceNotOver(campaign, closableAt);
    }

    /// @dev Whether the campaign's pay can never change again.
    function _isFixed(Stage stage) private pure returns (bool) {
        return stage == Stage.Finalised || stage == Stage.Closed;
    }
}
