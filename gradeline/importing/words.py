"""What is refused, in Chinese: a sentence with the remedy for each rule. The codes never change."""

from __future__ import annotations

RULES: dict[str, str] = {
    # a cell
    "empty": "单元格为空；请填写，或在映射中标明 optional: yes",
    "encoding": "含有其他编码的字节；请在映射中写明 encoding:，例如 gb18030",
    "date": "日期写法与映射不符；请更正日期或映射中的写法",
    "date-order": "无法判断日与月的先后；请在映射中写明 dates: mdy（月在前）或 dates: dmy（日在前）",
    "amount": "金额不正确；请只写数字和小数点",
    "negative": "金额为负；方向由单据类型决定，请把红字行单独映射",
    "positive": "此处只应有负数（红字）；请把这类行单独映射",
    "currency-mark": "金额旁的货币符号与本行币种不一致；请更正其中之一",
    "number": "不是数字；请只写数字",
    "lookup": "映射的对照表中没有该值；请补入对照表",
    "digits": "超过 15 位数字，电子表格无法保存；请改为文本格式，或在表中取整",
    "formula": "公式的结果未保存在文件中；请打开后重新保存，或粘贴为数值",
    "error-value": "单元格为错误值（如 #N/A）；请更正",
    # a row
    "row": "本行无法读取：列数或引号不正确；请更正本行",
    "identity": "同一单据已有其他内容：与前面的行不一致，或此前已上报；请核对，已上报的用更正类事实修改",
    # the fact as a whole
    "missing": "缺少必填字段",
    "unknown-field": "没有该字段",
    "type": "类型不正确",
    "choice": "不是允许的值",
    "pattern": "格式不正确",
    "bare-number": "金额和比率必须写成文本",
    "scale": "小数位数过多",
    "range": "超出范围",
    "currency": "币种不正确；请写 ISO 4217 代码，例如 CNY",
    "time": "时间不正确",
    "offset": "缺少时区偏移",
    "too-long": "内容过长；请缩短",
    "too-short": "内容过短",
    "too-large": "整行内容过大；请缩短",
    "characters": "含有不允许的字符",
    "nfc": "未按 Unicode NFC 规范化",
    "nul": "含有 NUL 字符；请删除",
    "subject": "客户编号不可用",
    "one-of": "只能且必须写其中一项",
    "sum": "合计不一致",
    "self": "指向了自身；请写另一个",
    "computed": "该指标由 Gradeline 计算；请以自己的名称上报",
    "unique": "重复",
    "window": "名称与期间不一致",
    # the whole file
    "file": "文件与映射不符，或无法读取；未导入任何行",
    # what the API says
    "409": "同一单据此前已以其他内容上报；请用更正类事实修改，而不是改文件",
    "413": "整行内容过大；请缩短",
}


def in_chinese(rule: str) -> str:
    """The sentence of *rule*."""
    return RULES.get(rule, f"不符合规则「{rule}」")
