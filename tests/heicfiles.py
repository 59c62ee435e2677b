"""HEIC files for tests. There is no encoder for them where Rempart runs, so these few are written down.

Each holds the generated scene `pictures.scene(3, 96, 72)`, encoded once by libheif and x265 at quality 45:
`upright` plainly; `turned` stored turned by a quarter, its container (`irot`) and its EXIF both saying how to turn
it back; `alpha` with an opaque border round a rectangle that fades from clear to opaque; `ten_bit` with ten bits to
the sample; `grey` without colour.
"""

from __future__ import annotations

from base64 import b85decode
from collections.abc import Mapping

_WRITTEN = {
    "upright": (
        "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<00042ZDn*}000000000XXk=`10000000000aA{+700000000000000000000B57=IV*mgE07O"
        "6l0RRC200001dH?|c0000000h(k001LtX>Mi!000000RR916=`l}WdZ;I000310BCk&F#rGn01j|zbZr0t000010002iX>f9I0002DX>en20"
        "001ZXm(>m0RwOV0058x000009`FGC{rLC*01pFT0096PKmiN^|NjGU00093kN^M!000939=ZZRVE_RDD?$MQ18@KU0|1Z!00RI30{|YNFo7k"
        "O>PacCZUPz%2mk;B0LTCU0{{p>VgLaE2SfqEa<C#m0000JV{dG7ZewhC0096E00w{n000zeb8uw<00000003YB002k;000nhX?SS>000032n"
        "YxO000+haBX1#00000000310R({p0|Wp71l(<8VRQfh1kfk}uP%$XIFu$@k$>)KvwGTTZ0<w;{ezj-@Q5uGN^S?8|7^nT;J9E!_MI5gO^C0i"
        "4YBv~GXO7So^EVd0IiPAb?J&fVh*edb3V9dl+e*)%S-|Jnv1Yy`6*>TO&-kMmwt3W=6UL|=6av)n5x;lXGLVeNHQ=$ZYsR|(?nLwqQJyv$J4"
        "V)!n>xON-DE~ZWNjt?5%0(l|PMtFx-coBJWq7wPshtYZ`x}`IUSLPh_BY1q5{&Jbu#Xca&NdK8d21Q!fxitRdYpfc;^y#zm|&d{bh6N)SX+1"
        "9<!u%x_HcoHSUj%0LzU!<&L>>09R1oG6hz3c3BSyozmgkpbGM674lo)$Z1U*R_>b;A8LaA`ZdzeG0!%L453C8sa&#x`&-(JK(XF{pd#%glQo"
        "6T&xIUgQ;8s{zjZd8%}CvWn-JBi`;D`R6n#<zPC%6h&i+pc>Ily>lNU1rn(LfW-FN_oM9bNzBv0nK_pl>vi_NQB-ZLu2OhEeVV`UdA6SNa8S"
        "#0ZhErrY40W$C5fnt@?2U02Sv0QWfa@!A@K!gCCRnH*OiH{H&8WwhG)UR)NPc>m5ql60l4WTLFrU6E^CVoF@wwfH`RK;aRht|cNlDurC@kOS"
        "M7AFuaOU?DpiXf=HX}Z4h%NURNx)A-Jb@ejgd8)4EqPo0dv4CTKuOo2&L_9`BK(_u$y?lfkk-c2Nap=oGYGXIED5QT7|WT5Nu(?|C-9gA;Oj"
        "sXt}Zj@(ywO{;3F(W0XEnz6R1%7brH56%r)M38Dmg`wflPZxh2KGn1n6!X#zJJ1GGR#N<y+f8+ZAr8UlOAc;jXjm^pTuz@)y1*}O@0j6RdBs"
        "_6OBn^P|!w{>1`-;yO*4A7L*oo!&@u+zm}@(UZsjAA(f%+6LSua=KX3X)&CRBgUA<<B9ZVzo`Gcnutd&9Mv&#06xAn;Cy+ZB>xeFp0xbmwJ1"
        "wrTOS43J{<`39k^hdFp~>wGXNJ-AxBfqYCd65jdpTU8ps}U@p(l(&pfm^rtIs9@qM&CSuqr#Oz<gcH;m>viaO+^LhUyo(QZoj4|9V&Q_G}2E"
        "Q~jIrfRBfq@j+M@El!!MPL*m_R`I3*@J|+T1ZLMcU?3BXD7MAhsoQ0LUq0wnpiOqleaR*G_Sr5vmKQhzi5_4e6R%!$_GsvK5EXUP^?GjNswi"
        "OSOAFa_xinM%Znttq83;m<!Owdcct+#a793m~l(46CSQ8HF+m4M+2}y90I(6T~O*sUtF-Zn`05~pDv6o(jX)2&Z)D8Rol1>q6+i%3OzFrmA3"
        "O&*^cW1NGZ_$9~riiIK%kmMYc2p-Xh#3V(b9Z_rHtjU*?h4jFm2_KQU2cSO{ThM1LsvWtteYLtrt4wDN}q@Kl<}m&Qf>3*$Mj3jA_>8v&_lG"
        "dVn1jSaQOq2D?E)v8$8DB%+`qc%zh)II+(LAh}$%9h^u?z4Z!5<IDDJxM7~jm@9?`0ix-3%E4O`0&3bp?TnVD*ao%x%psGyYJl?q|tUvFUV7"
        "9^CHiH8?ePp(DHpu?wqPlMl;$CzzP$$y!N0!E50-Wc(f=gq1_;Zz|GSJz|eK=t9fJ_HNDmB7uW"
    ),
    "turned": (
        "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0004@ZDn*}000000000XXk=`10000000000aA{+700000000000000000000G-+&aV*mgE07O"
        "6l0ssL300001#Q*^S0000000h7Q0ssI200xBs0RR9100000Bme*aIB98aW&i*H00062000$fZf0cy000000RRAKc4ILB0000LX>Mj^0ssI30"
        "0IC2MR;ju000004sdC7Z2$lO00031007`=aB^?}006*gaAR)(004Msc4I>U18@KU0FVFx0000U@BsY%`1k+-4+CHT0RR|40Sp2E{{wIU00RJ"
        "!0009300RIXx&lC90096iLID8-Z~y=U0FVFx0{{R603M(ufrXapNhz*w0vZem00093$N&HX00=;000968L;=Baup&SJ000wXZ)|dIV{CW;0R"
        "RmE27mwn02FC+aAg1h0000007w7;0AK(B01$9#cxeCt0009B2nYZG010VwZ*&6y000<iaBX1#00000000310R@2q0|bQt000_ka%E-!00000"
        "000hSWOHKx0ssL30RR95>}_OWbN~PZyeI*$E`bqJ2ML=(%`4c(O9{gNGrN8R=_ddow>|#25>cFJNLqJow5a0N52pTswHMtYz<qpg(jw<lGNC"
        "-Jz9;@9(;-N2{7vQ@fVA2_k&_@pc#lEt*M=fD`2p{fd>o;z*@(s*unmbx&)^!x1!!(4f0W~3CB%C@i*{Y6+4mF4{g=!mEp@74aK-!AM$a*>R"
        "db%wY`mc~yC}^u4|2$v2NbP{MF~aZS}=*XAFPJd(oC<*-dx(OyOZ7;9}iA!UvwH*-g);5vPH+;WFBvme{=Ohqk8+(I0~D)wY^Pygb5ZRFFs="
        "-ki`2aFeTw08(FmZ_^s1-S>;PqW1kb9y2P>##z5{LAmlEJT<>c5RiHsZ@o7S42ew2kJIKPPLAIhtJzoFfh2|&o!$$@<gg?XcT^j)}|GQFqJL"
        "5kxdZvM-H<PS)T0BZBzv=jhGHkGu8N+o*R>fhi2Rz?a1?Eh7q!i4`2NuiSTguidp-=VlCFscTXm7m14EgnpLObr|#xwAE*0~K7#>tz$Lj#ZT"
        "7o8$qi~RYCY0PSQO-q?;WBewCH6R_p#3Q(}m1d{6Isz$5wXrUuMU(fWd5E4acV_6kT|_spxVPiX-C;D|yKP39ufD}7tzh)h_j3dl^(1a=uuc"
        "xQr+*Dibi(J)z3@COI`Hro?BLrJfwe%U{2u;K*z^^_ztow=t=-99O$yX9`>|8T-4K|ORX!6Cr_H#LZiqQJ$gATP8LjF{0YkXxS`LKtCmE2*`"
        "GGwc_`6%W>bJT#m6?d~6c$wp)GBGLu=QTbT2fWZ{$Ja&V4Y(8LHuQSwI2P4aqF(7q-1EEYEQ_R*>-4^J0`bvL+T(U7c0<Bzr>%rfygpWOmzL"
        "Rj%o;1WNYAu@cJ^hmOKD0kZv)-jY*<0n;67?&~N`1zv=N$m7J6TZUfzj`>l%u7~UvdL^q{9U@bvB`~lq#e`2HydSGgM!-l1`IS^u+3DtnRyK"
        "E^Gy{;rr`1Q^34{b=rGe=LmJEC!OhU1*iz@q)Y6FAVZG1oA*TX<JyMOAc;)TmB68L*VjVV<|2QNWDQ<4i|KAXFCi_`@dXQnX0`!&_Fn;jKMo"
        "$)suC-N=qcFpv3dA*M)Fp^t!vzA-<?B1t|HOv-jezu@V4NHmd&>M}0W)`DT;kg%nySza$hxy08#S|bwhG&~k1lA?jUC!m$+S(%T!t*UfC!LC"
        "`K2r^%EkW<cSd1hK{sff5ttQjhhsFiNM7&=PVW3rm>%r_}I4$KGBW;c@H)rMRxY1eyQwmw9qYUzppVrWI%{{>Xv6ib8an#=PY*SC<vX7$30v"
        "`J&ioAS1ef-%;-pO$yb)ugP~J$UCven8}qis^)nP&I5_gF`k&Yw~DVh;ioxG)YNd@~bJdj3-@$k@NU28&-M1@4^gAyIO_@H`2}gD!Hy$@khO"
        "?q~Qd@wCl0ifx>I2wE1aH>?1GG-F5UXUN$RTdsTq&$y6xlDvkC@H}<WFXR}E1oMdua1Qw8)x<}xKJ3uqrD}Gr$_Qd+@zXK@UKa-ampqgSU&I"
        "%?&{WjUshbxSKH`+1GMPS{bws6^_Pjn{{zyJUM21R&jW&i+9O#mtY000O80Ra*K0{{R30RRR70000000"
    ),
    "alpha": (
        "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0006-ZDn*}000000000XXk=`10000000000aA{+700000000000000000000G-+&aV*mgE07O"
        "6l0ssL300002X#fEL0000000h(k0ssI200%t)0RR9100000oB#j-IB98aW&i*H00062000$fZf0cy000000RRAKc4ILB0000LX>Mj^0ssI20"
        "0IC2Xm(>U000004sdC7Z2$lO0003100D$)aB^?}00CZUaAR)(004Msc4I>U18@KU0FVFx0000U@BsY%`1k+-4+CHT0RR|40Sp2E{{wIU00RJ"
        "!0009300RIXx&lC90096iLID8-Z~y=U0FVFx0{{R603M()fhCseNhz*w0vZem00093$N&HX00=;000968L;=Baup&SJ000wXZ)|dIV{CW;0R"
        "RmE27mwn02FC+aAg1h000000AK(B07w7;01$9#cxeCt0009B2nYZG0CH${V?zN12mk;8pZEX(0018F0Q~&;_y7P817H9F02e?33<3ZD1PA~C"
        "0|1}+0009303NymKw$s@0472K0R#vD00RJ@_y7O{0017q!UUFEsU)Vkupj^c0|Ouc00RIaVgLaE2SfqEa<C#m0000EaA|mH000000SEv904H"
        "H}ctZdH004DzZaQsnWoJ5QWp-maGB7bUI$?EqX=FMv000009%*oGVE_OC000000ssL7fdT^r00IPs0|tix000_ka%E-!00000000hQb$Dz50"
        "ssL30RR96cx_~1bN~PZ&?o_~E{nG~lqOn{f9`3sdfI7h?nD0lgPGRwh%FRKZU>$JY{Ko}xL`!~ofy(hh_9v%vG?*b054>oZfsZpt&Yug>54y"
        "M4y+1uKDcL;(9vScOab|ti?C(+DP=!R9?adBesn<QdFrv|dY|o>s@c3}MP$K9GB7}HD!lyDL{`h9z{F<9)3Zv#yQZB=DzkxZ6q*|Bt!e3%Ka"
        "GDd+=rba?^m6*W>>>&8h@ktm3#?LWT1Ej1a%oae$wc7lv)-(iK3QMFAzkmA>A^7{b8}jMXWS@Q(}Hf5JXY~c>ER2Z%p!>G+3_6Ko$MNn}TWS"
        "Tjtc9D3Lr0x&5!aifwg~0ote%?KM)>?$(0WwUt-kWAE=G4#D+(3cpW5eC%Nw;yJUrhn-_P;IWqd=tmQTX(0DptO#O*sayj7Mw~?(PHJUkW1F"
        "Un+-)UPKeSf9w@aCbIkXaZ{Ed$572tHHx(*L!E14vmVI5JvIQu?9Bv?4I{+W3s*6LCR9<lpjpKK2wScZEU@p+zxQ)D>|b+0fH6h!0fjd2!PG"
        "_K=->nn2bRyU0%Sg0OMO1u-zsK=KyNZIX3etMY^dk_wiWoZd8pS~*dBwU*Dx!s5P=*G`gn;aQQN!uJKEZ^ruwjUmF=JykzPH{grBR*`1E%z8"
        "nz)wRwfgApW95aP2d0YK^ZqB(tN!OsxC%5+^{F{BrTikq**2dFF=KWeT2(=+B38|A9%bABsq%1fm@R$VP>p&E)E;HxSuV)hABP>M$HrOo_s8"
        "ITK5w;%8HQsj_V^D*&`+D}dCB?v)ge~)F0yi52v_MBnLb5*_cloFq0(-}J<7O3@Id+=Bq`rsQyh(M8K9j7f==su{Q!gO5bzX1Zk|kIS(3I1i"
        "ZD8TB)5Tu$3meCbVmSfK&Q>a~mXAvcl3%)1ZN4<+&mo~=wN0vc4IG8du?!5v1!RVs8GmPORgly$iNjKtdV8#;`RFDJ5THN_uMoF+>Vjmo52^"
        "XxO$SV)3hxsUIHcKKs5Qc1F3-@?=HQj|rz>tA*ZQU=V%RCf>|eun;{Zmo`P^sodH*Dy2&^=WG2AcCR+R1rzce#B_KBu}ffU(CMvr#ExfBbSK"
        "tT8l<fppY+%YUg+U8LsaA9^Jwk2}_$SGsCM(Kv5ht_V_PH~+Pstc%y3d8sf>6%)@NSQmb6^GGYN`#G!;Njd$wR=5s?SuD5*lnt<2(3Dp3(&="
        "Sz>y@yR>^XhaZ9cf9<C@gc_%JM1F%6H0=$4-Q0houT(GvAV-fD3E{rYGAS3I}sk4Sv+qev(3iI^}Ju?uMw)0onj_U$QDbW2N8Mcx*!}#Szwl"
        "o9YBHSfn>;TjEzl-T#=8@Knl`g42F;Qe#2w`bNe<=55ni#Z0U@?TW@`nZRRGP?_#zp)K<2kPi{BnF70jX&-IXqa64YkLi-#Pu&s#w`5;S)2X"
        "HcAK7J^wL5xp67VmfrX7vwy}CJgI6uNhwc_&7b@D?qvE4xHQW6@V_RZdEj^|{ad}c`Cw7I@7)-r(RNHP$Wv(ZBF}&uu*FQ!@_kJ1oT^SnGuj"
        "Qn3KO@y_Mks2zBB@Ov?wZ}-5`U&&C>?J&~@#rd1M<kz18d&*Z=?km?#0RT$B>TFlPRQ?fNd)$#|2qzdjzwKdA+0EHhpKT(9Imqt?A1x`=$G&"
        "g!0~b72AsG43d%i#(ss%)QSxrQqu+)uR$$4Pf#jqPRkL9t=mb778<F;}I#myInUMAtP8Hl^`W%K*`ACVFXWu4Ox#Xv(Mcd(cmf4t!eFUpb2m"
        "`P=v=y<W9o#;v~IqOXC}f6`%xJGy"
    ),
    "ten_bit": (
        "0000SW^{RQXk}@500000ZE0pPXk}@5ZE0a<0003~ZDn*}000000000XXk=`10000000000aA{+700000000000000000000B57=IV*mgE07O"
        "6l0RRC200001cK`tZ0000000jO3001LtX>Mi!000000RR916=`l}WdZ;I000310BCk&F#rGn01j|zbZr0t000010002fX>f9I0002AX>en20"
        "001WXm(>m0R#vD005o1000009`FGC{rdU<01pFT0096OKmiN^|NjIC00093owxu10{{RXx&lC90096gLID8;2mk;B0G+r100RI39-uIRB-w7"
        "HlA7k=A)vs3000bt00093gkk^z00%??!E&%7KmY&$6Ju{|a&BX6cmM$a4FCp!0000KX>)L8000000001B0000;0000GaA|mH000000}2WX00"
        "00NX>e^}0000000001009Jn0s{m900jnZWMOmw00jCd0k1BmdM22dpS@2n{mn)J@8RiftJ@vavA%BOI{Z+|e$)tT?oTGqxWAJXL$H*Kag=O="
        "Vu^B;YOAYo62h~n9zF%%o|wV@5BRo%FxB@{|K2jk3QfF0(Ps0aDN(lEi5z{Ye^ZY%!TKEawIC@CXq+9xP8eT;PVrV0P#*S=_$_*+-o0Lusu;"
        "x3Y14tzhDZB$csfjT{j|ohPYu4SVIIW|Lx<#6eiyFM7r?Mn1NvI7d$mMbJlZU<PE(oiSEf=(aH0DVs$6kf>n$(<4G2VBr7Vh@w%?`Lro>9e*"
        "sC_X6#JK4k(P*BHj|J5QEDjK_zTP<a!mjo@`MT)>0;a+B=RzG|2=a#pXHKn$QN_|-3F1>_a#hSwt)6Lbt0WsvWGUIVl>dtZK*5@RuPkB&3X~"
        "tz>KR`edv+K!h>xCU;ibv3q_F8Myv{n=}oE7h(h5$#dv%p%80xtBR^5=*~wyP8i~1Adx~n<7?}?-`7t|NqcE68dclN>4Gjml1HAtSJ{b8`XE"
        "_nQw8MpZYZ4Zh{1zhiN2ck{gaGuR@GD<cs)VXCj&W?@Fi+Zr#{_h<a<$a!^hUN2gl<j06e*0)jVJPayDT0wFQ_XPE7{}ZWl_L`Isp^atMw*R"
        "lFnQ1MfoKdhNK7qq3hy>8iC`<e}!cz(Gk4-1Gp1ozy?bF_zEX8r-vQF=dELp|5up7d3-j<qr2(nvkw58v?V5g6Y?Oc4^ReNP5tX$r){MUMij"
        "3tPxk>>7y>o8jXTH=xomLY-GXB7|80^<oCU;-1T8mWDEf`hDYk$AN}8C6<X(^DoA7aBe)n>`!GexL%H}(!Z5r1!%&Iba=P{%2-}%zfpxtx=9"
        "@UA)pKw*59^JLty_DPwi|`{;{8`$^bpz2{4G0Ta*9NiKMCG_7sKYoaX~UZ0lt}^Km&On06^N;LT?8E)2U1wxYSrE}9q5bG9N-~P46DfOx;{I"
        "-OboNFoE$q`6NTJbRNM|Snaj;PQs$IJ`1Lo$3b_Bx-WV+XvIvMwf62_=_|mkkx6zGAbwtkse!81+)32!E!%~^k7;jLboB2(>;*pK<l%r~W&e"
        "INk{ndsgBBLLjkl9Ff>Ir+1e?Pk(KQmlzY9`5D=+Ru(jlpLQPM4-jQJL2>#v>kG@EI`Kt%?ph=A-n+XItJov6qe!yiKWwW;=ZYbzaA-2O7M("
        "#;pqs%aYF&rzep1{`tV4-aP8zsy(MqEx6}+OxE(|$92w!%3Z8URQjaRUMheM979<0p4mZcvxvP(cin}Q?#{*kjtR@*kR^@Y>S)qQ7{*mJ4>="
        "YI(n>CEUu!V=$1sRoNg?)kNEv?R6MjNsLO2dd>|WeO*o?~S$EyNPgar_S5`eGKdECQ~fj+FOcwr2ORkSdZG(k{_z_AX>qFJm0HpseSzZr9fz"
        "I~&KhRO(g+W_kfi><8?e0}|g@S*nUwS<cnu-I5)a<V8I@Plcy+H~G3i4{}v=;ABy(xd4A|Nq5y<rcz(7Ahx#B1JfyAdi!F&0L;z%*dDEIAVE"
        "NjG36~R?J`m!i0+YVYhgKxp;E+*(12!w5^1yR|PaGn)wv-3<dbOtt-5${~RF-`NxuF{ya|79CxP37Dw-pEyD%y2!4}x;f%%S|4(09(0cMpK;"
        "GjL)%(I<M-?}BAO"
    ),
    "grey": (
        "0000SW^{RQXk}@500000ZE0pPXk}@5ZE0a<0003_ZDn*}000000000XXk=`10000000000aA{+700000000000000000000B57=IV*mgE07O"
        "6l0RRC200001asUAU0000000Y1P001LtX>Mi!000000RR916=`l}WdZ;I000310BCk&F#rGn01j|zbZr0t000010002aX>f9I00025X>en20"
        "001TXm(>m0R#vD005u(000009`FGC{P_3)01pFT0096OKmiN^|NjIC00093pZEX(0{{RXx&lC90096dLID8;2mk;B0H62(00RI39>Br`mRqS"
        "Lrn#^n00096AOHXZ03l)k0RRU?0l{*xB0vBD025<xY;ta6Y<K_x01W^JfB*mh6lrsCWdHyG00000U;qFBNB{r;4sdCBX#fBK009U9000+haB"
        "X1#00000000310R({p0|Wp71ITS;VRQfh1H32!u3VXMVNm~_<Qp7Jd>6%N>FXf#!4W~`$y09y!vZI?=*E(4JvAQy!<HeVe4(gIsf^?Tww}Hq"
        "dia8n3p;D_!7YuN(dgwV8d#Bgr{P4-JvHGXeu$|F>Xa7~YLo@To0@E1U0fqIZAiP5yvo*aTw0pqn&pOW0ks**W9;lC8t*kqQ*b-^OnedLFw7"
        "_Gjlf-m3feMg+b8R&W2)FZ2-3Z{wN#H7pj;Ch%J<(6QR|&fEj|MDnSHK!TWn>+68!JnWu+9y)*&m+?Vi8Hu&SYOIMdxqD-<4gF504Qd_x;Y3"
        ";4-wGZav3Y_c<~!_{VhWR}D(gj2;{ERPj&q-%o4638XXdSM%!+DNqh2j-|Uvg@mzqpH#=Zfzd(WO`yX0$;)`OMs-M@yL0A5N8%;@|1yR=woe"
        "Hcpxj;ZBRS;lk?G$!4+XUB9a@kK@*M;;pD~MeqcoNbeArVpId{+{gU__*1QU7$`$}-Tc30GV1OwrU$!#dyoo1(Eg0^0!44iEM)Z@0!{tzyFA"
        "@P&E8XI7zZqTsM2}^RyY^Vs-=FzaQ|R$WXifmX6_1j;U^+oI)xhY%+grUZR?H_;ekQ)oQUCyPnfyLu^_-gnue_}h>bxXxUDg?W{Npr-0>K~M"
        "VwFWRlHSMYOE5xeSs-U>8!!R}3ESxcIyCV=3DBN#y0p7PZ@{T`8dnBuHQX=$7v(kE4rBZ2#oAzH`3;2a=Q^c=>qaB1HenvkFSp^0iG)ggTI)"
        "|uD_82m7VB&A7)vSC+Lv{ZgC}de5`9us*>t{~bxqWH=vHf3J+dhh!!Y;1U~Fe@y@H~TOn#Pr<%~!RSvskryo+$zS^eLVvZM&0NYDPK^>q1n8"
        "6Wt1KB=SGKLwzTmwV#pI!Y5UigT{m&tLp;4bzdFT;oHby&BAXg`3kt<Bfm)ZlU7fj!Otz9<pGA;1_1qC#n0VvFtb>^WF#tVK7w#s*M-7PrRr"
        "0&C%DOzXvNQGOolqIp0ql)%{$WE<BwW+G=EP+I;6~-D&EK^G|F>8epyCv%y0Gy3lfZT^B1;uz+1bXUvV@vlYrm3=SBXAfR^0{Z?9=p@4{enW"
        "S8}Y3xmHX`W662|x_5GXE^;?f?BQdC=u#d=`L;OdeYlt<_O3-!OcUoC^_EU`(#YQk9JcYXdGDvVSbtoc?MLaRzLYw$@1g9iFz}F=`4jVogmO"
        "@N4hZBpi2`)#QwIS9p_!3&cs(&eluLC^_{|hSpOrgx&"
    ),
}
HEIC: Mapping[str, bytes] = {name: b85decode(text) for name, text in _WRITTEN.items()}
